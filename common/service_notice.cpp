#include "common/service_notice.h"

#include <cerrno>
#include <cstddef>
#include <cstring>

#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "common/environment.h"
#include "common/unique_fd.h"

namespace tutti {

Status SendServiceNotice(const std::string& address, std::string_view notice) {
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  const bool well_formed = address.size() > 1 && (address[0] == '/' || address[0] == '@');
  if (!well_formed || address.size() >= sizeof(name.sun_path)) {
    return InvalidArgument("NOTIFY_SOCKET is \"" + address +
                           "\"; expected an absolute path or '@' and an abstract name, under " +
                           std::to_string(sizeof(name.sun_path)) + " bytes");
  }
  std::memcpy(name.sun_path, address.data(), address.size());
  if (address[0] == '@') name.sun_path[0] = '\0';
  const UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address.size());
  if (socket.get() < 0 ||
      ::sendto(socket.get(), notice.data(), notice.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
               reinterpret_cast<const sockaddr*>(&name), length) < 0) {
    return Unavailable("cannot tell the service manager on " + address + " \"" +
                       std::string(notice) + "\": " + std::strerror(errno));
  }
  return {};
}

void TellServiceManager(std::string_view notice) {
  const auto address = EnvironmentVariable("NOTIFY_SOCKET");
  if (!address) return;
  const Status sent = SendServiceNotice(*address, notice);
  if (!sent.ok()) spdlog::warn("{}", sent.error().message);
}

}  // namespace tutti
