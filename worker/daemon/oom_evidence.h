// Whether the kernel ended a process for want of memory.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "common/file_system.h"

namespace tutti {

// How many processes the kernel has ended so: of this process's control group and those below it
// (memory.events, oom_kill), else since the start of the whole machine (/proc/vmstat, oom_kill);
// nothing where it tells neither. A runner that got a SIGKILL which we did not send, while this
// number grew, is taken for one of them. root: "/" but in tests.
std::optional<std::uint64_t> KernelOomKills(FileSystem& files,
                                            const std::filesystem::path& root = "/");

}  // namespace tutti
