#include "worker/daemon/oom_evidence.h"

#include <charconv>
#include <string>
#include <string_view>

#include "worker/daemon/control_group.h"

namespace tutti {
namespace {

// The number behind a line's first word.
std::optional<std::uint64_t> CounterIn(const Result<std::string>& text) {
  constexpr std::string_view kName = "oom_kill ";
  if (!text.ok()) return std::nullopt;
  std::size_t at = text->find(kName);
  while (at != std::string::npos && at > 0 && (*text)[at - 1] != '\n') {
    at = text->find(kName, at + 1);
  }
  if (at == std::string::npos) return std::nullopt;
  std::uint64_t count = 0;
  const char* begin = text->data() + at + kName.size();
  if (std::from_chars(begin, text->data() + text->size(), count).ec != std::errc{}) {
    return std::nullopt;
  }
  return count;
}

}  // namespace

std::optional<std::uint64_t> KernelOomKills(FileSystem& files, const std::filesystem::path& root) {
  if (const auto group = OwnControlGroup(files, root)) {
    const auto path = root / "sys/fs/cgroup" / *group / "memory.events";
    if (const auto count = CounterIn(files.ReadFile(path))) return count;
  }
  return CounterIn(files.ReadFile(root / "proc/vmstat"));
}

std::optional<std::uint64_t> OomReadings::Now(FileSystem& files, const std::filesystem::path& root,
                                              const Clock& clock) {
  read_at_ = clock.SteadyNow();
  return kills_ = KernelOomKills(files, root);
}

std::optional<std::uint64_t> OomReadings::Recent(FileSystem& files,
                                                 const std::filesystem::path& root,
                                                 const Clock& clock) {
  const bool is_recent = read_at_ && clock.SteadyNow() < *read_at_ + kOomReadingAge;
  return is_recent ? kills_ : Now(files, root, clock);
}

}  // namespace tutti
