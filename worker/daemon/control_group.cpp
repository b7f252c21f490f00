#include "worker/daemon/control_group.h"

#include <algorithm>
#include <string_view>

namespace tutti {

std::optional<std::string> OwnControlGroup(FileSystem& files, const std::filesystem::path& root) {
  constexpr std::string_view kUnified = "0::/";
  const auto text = files.ReadFile(root / "proc/self/cgroup");
  if (!text.ok()) return std::nullopt;
  std::string_view rest = *text;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    if (line.starts_with(kUnified)) return std::string(line.substr(kUnified.size()));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
  }
  return std::nullopt;
}

}  // namespace tutti
