// Which runners this worker has started, on disk, so that the next daemon can end what an ended one
// left.
//
// runners/<pid>.json: {"pid", "start_time", "mark"}. The runner leads a process group numbered as
// itself. Numbers are used again by the kernel: a process counts as ours only when it has the start
// time written down, or the mark in its environment.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include <sys/types.h>

#include "common/file_system.h"
#include "common/random.h"
#include "common/result.h"

namespace tutti {

// Set in a runner's environment, inherited by its children.
inline constexpr char kRunnerMarkVariable[] = "TUTTI_RUNNER_MARK";

// Clock ticks since the machine's start; nothing: no such process.
std::optional<std::uint64_t> StartTimeOf(pid_t pid);

// Owned by one thread.
class RunnerLedger {
 public:
  // Ends, with SIGKILL, every group of the ledger that still has one of our processes.
  static Result<RunnerLedger> Open(FileSystem& files, RandomSource& random,
                                   std::filesystem::path folder);

  const std::string& mark() const { return mark_; }
  Status Add(pid_t pid);
  void Remove(pid_t pid);
  // Groups that Open had to end.
  int ended() const { return ended_; }

 private:
  RunnerLedger(FileSystem& files, std::filesystem::path folder, std::string mark)
      : files_(&files), folder_(std::move(folder)), mark_(std::move(mark)) {}

  Status EndLeftovers();
  std::filesystem::path PathOf(pid_t pid) const;

  FileSystem* files_;
  std::filesystem::path folder_;
  std::string mark_;
  int ended_ = 0;
};

}  // namespace tutti
