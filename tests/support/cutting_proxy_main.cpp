// cutting-proxy HOST TARGET_HOST:PORT: a proxy for scripts. It prints {"ready":"cutting-proxy",
// "listen":…}, then obeys its stdin, a command a line: swallow nothing|up|down|both, reset,
// throttle BYTES_PER_SECOND. It answers each with "ok" and ends with its input.
#include <iostream>
#include <map>
#include <sstream>
#include <string>

#include "tests/support/cutting_proxy.h"

namespace tutti {
namespace {

bool Obey(CuttingProxy& proxy, const std::string& line) {
  static const std::map<std::string, CuttingProxy::Swallow> kWays{
      {"nothing", CuttingProxy::Swallow::kNothing},
      {"up", CuttingProxy::Swallow::kUp},
      {"down", CuttingProxy::Swallow::kDown},
      {"both", CuttingProxy::Swallow::kBoth}};
  std::istringstream words(line);
  std::string verb;
  words >> verb;
  if (verb == "reset") {
    proxy.Reset();
    return true;
  }
  std::int64_t rate = 0;
  if (verb == "throttle" && words >> rate && rate >= 0) {
    proxy.Throttle(rate);
    return true;
  }
  std::string way;
  if (verb != "swallow" || !(words >> way) || !kWays.contains(way)) return false;
  proxy.Set(kWays.at(way));
  return true;
}

int Serve(const std::string& host, const std::string& target) {
  const std::size_t colon = target.rfind(':');
  if (colon == std::string::npos) {
    std::cerr << "cutting-proxy: expected HOST:PORT, got " << target << '\n';
    return 2;
  }
  auto proxy =
      CuttingProxy::Start(host, target.substr(0, colon), std::stoi(target.substr(colon + 1)));
  if (!proxy.ok()) {
    std::cerr << "cutting-proxy: " << proxy.error().message << '\n';
    return 1;
  }
  std::cout << R"({"ready":"cutting-proxy","listen":")" << (*proxy)->address() << "\"}"
            << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
    std::cout << (Obey(**proxy, line) ? "ok" : "no such command") << std::endl;
  }
  return 0;
}

}  // namespace
}  // namespace tutti

int main(int argc, char** argv) {
  if (argc == 3) return tutti::Serve(argv[1], argv[2]);
  std::cerr << "usage: cutting-proxy HOST TARGET_HOST:PORT\n";
  return 2;
}
