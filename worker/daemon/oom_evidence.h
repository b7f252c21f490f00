// Whether the kernel ended a process for want of memory.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>

#include "common/clock.h"
#include "common/file_system.h"

namespace tutti {

// How many processes the kernel has ended so: of this process's control group and those below it
// (memory.events, oom_kill), else since the start of the whole machine (/proc/vmstat, oom_kill);
// nothing where it tells neither. A runner that got a SIGKILL which we did not send, while this
// number grew, is taken for one of them. root: "/" but in tests.
std::optional<std::uint64_t> KernelOomKills(FileSystem& files,
                                            const std::filesystem::path& root = "/");

// The kernel takes as long to tell as a short program runs: what is only compared with later may be
// a little old.
inline constexpr std::chrono::milliseconds kOomReadingAge{100};

class OomReadings {
 public:
  std::optional<std::uint64_t> Now(FileSystem& files, const std::filesystem::path& root,
                                   const Clock& clock);
  // KernelOomKills, of now or of at most kOomReadingAge ago.
  std::optional<std::uint64_t> Recent(FileSystem& files, const std::filesystem::path& root,
                                      const Clock& clock);

 private:
  std::optional<std::uint64_t> kills_;
  std::optional<SteadyTime> read_at_;
};

}  // namespace tutti
