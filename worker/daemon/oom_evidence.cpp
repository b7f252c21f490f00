#include "worker/daemon/oom_evidence.h"

#include <charconv>
#include <string>
#include <string_view>

namespace tutti {

std::optional<std::uint64_t> KernelOomKills(FileSystem& files) {
  constexpr std::string_view kName = "\noom_kill ";
  const auto text = files.ReadFile("/proc/vmstat");
  if (!text.ok()) return std::nullopt;
  const std::size_t at = text->find(kName);
  if (at == std::string::npos) return std::nullopt;
  std::uint64_t count = 0;
  const char* begin = text->data() + at + kName.size();
  if (std::from_chars(begin, text->data() + text->size(), count).ec != std::errc{}) {
    return std::nullopt;
  }
  return count;
}

}  // namespace tutti
