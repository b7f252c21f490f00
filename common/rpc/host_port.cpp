#include "common/rpc/host_port.h"

#include <charconv>

namespace tutti {

Result<HostPort> ParseHostPort(const std::string& option, const std::string& text) {
  const std::size_t colon = text.rfind(':');
  HostPort parsed;
  if (colon != std::string::npos && colon > 0) {
    parsed.host = text.substr(0, colon);
    if (parsed.host.size() > 2 && parsed.host.front() == '[' && parsed.host.back() == ']') {
      parsed.host = parsed.host.substr(1, parsed.host.size() - 2);
    }
    const char* end = text.data() + text.size();
    const auto [at, error] = std::from_chars(text.data() + colon + 1, end, parsed.port);
    if (error == std::errc{} && at == end && parsed.port >= 0 && parsed.port < 65'536) {
      return parsed;
    }
  }
  return InvalidArgument(option + ": expected HOST:PORT such as 127.0.0.1:7770, got \"" + text +
                         "\"");
}

std::string JoinHostPort(const std::string& host, int port) {
  const bool has_colons = host.find(':') != std::string::npos;
  return (has_colons ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

bool IsLoopback(const std::string& host) {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

}  // namespace tutti
