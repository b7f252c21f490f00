// The machine's processes as /proc tells them, and ending one of them without hitting another that
// has got its number.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "common/unique_fd.h"

namespace tutti {

struct ProcessEntry {
  pid_t pid = 0;
  pid_t parent = 0;
  pid_t group = 0;
  std::uint64_t start_time = 0;  // clock ticks since the machine's start
  bool ended = false;            // only its entry is left, until its parent has asked for it
};

// Nothing: no such process.
std::optional<ProcessEntry> FindProcess(pid_t pid);
std::vector<ProcessEntry> AllProcesses();

// Whether it was started with this in its environment ("NAME=value"). False also where its
// environment may not be read.
bool StartedWith(pid_t pid, const std::string& variable);

// SIGKILL; the descriptor (pidfd) becomes readable when it has ended. Not valid: it is gone
// already.
UniqueFd EndProcess(const ProcessEntry& process);
// True when all of them have become readable in time.
bool WaitForEnd(const std::vector<UniqueFd>& processes, std::chrono::milliseconds at_most);

}  // namespace tutti
