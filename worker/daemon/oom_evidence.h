// Whether the kernel ended a process for want of memory.
#pragma once

#include <cstdint>
#include <optional>

#include "common/file_system.h"

namespace tutti {

// How many processes the kernel has ended so since the machine's start (/proc/vmstat, oom_kill);
// nothing where it does not tell. It counts for the whole machine: a runner that got a SIGKILL
// which we did not send, while this number grew, is taken for one of them.
std::optional<std::uint64_t> KernelOomKills(FileSystem& files);

}  // namespace tutti
