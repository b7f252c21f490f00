// Which runners this worker has started, on disk, so that the next daemon can end what an ended one
// left; and the processes that they have left behind.
//
// runners/<pid>.json: {"pid", "start_time", "mark"}; runners.mark: the newest daemon's mark. The
// runner leads a process group numbered as itself. Numbers are used again by the kernel: a process
// counts as ours only when it has the start time written down, or a mark in its environment.
//
// What leaves its runner's group (setsid, a daemon) is found too. A runner adopts its own orphans
// (SpawnOptions::adopts_orphans), and when it ends they come to the daemon, which ends every child
// that is no runner. After a daemon's sudden end they are known by the mark that they have
// inherited; one that has also cleared its environment is ended only where each runner has a cgroup
// (runner_cgroups.h).
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <sys/types.h>

#include "common/clock.h"
#include "common/file_system.h"
#include "common/random.h"
#include "common/result.h"

namespace tutti {

// Set in a runner's environment, inherited by its children.
inline constexpr char kRunnerMarkVariable[] = "TUTTI_RUNNER_MARK";
// At the start the end of what an earlier daemon left is waited for so long.
inline constexpr std::chrono::milliseconds kLeftoverEndLimit{2'000};
// A look for orphans reads of every process of the machine: of all time it takes one part in so
// many at most, however fast runners end.
inline constexpr int kOrphanLookShare = 50;
// Where a look has found some, the next comes so soon.
inline constexpr std::chrono::milliseconds kOrphanLook{20};

// Clock ticks since the machine's start; nothing: no such process.
std::optional<std::uint64_t> StartTimeOf(pid_t pid);

// Owned by one thread.
class RunnerLedger {
 public:
  // Ends, with SIGKILL, every process that a runner of the ledger is or has left.
  static Result<RunnerLedger> Open(FileSystem& files, RandomSource& random,
                                   std::filesystem::path folder);

  const std::string& mark() const { return mark_; }
  // Of the daemons that had this folder before; sorted.
  const std::vector<std::string>& earlier_marks() const { return earlier_marks_; }
  Status Add(pid_t pid);
  void Remove(pid_t pid);
  // A child of this process that is no runner and yet no orphan; not on disk.
  void Shelter(pid_t pid) { runners_.insert(pid); }
  void Unshelter(pid_t pid) { runners_.erase(pid); }
  // Processes that Open had to end.
  int ended() const { return ended_; }

  // From now on orphans of this process's descendants become its children, and every child of it
  // that is no runner counts as an orphan: for a program that starts nothing else.
  Status AdoptOrphans();
  // Ends the orphans that there are, and waits for their end, at most so long. How many are left:
  // ending one may bring up its own children.
  std::size_t EndOrphans(std::chrono::milliseconds at_most);
  // The same without a wait, unless the last look was too short ago. When to call it again;
  // nothing: no orphan is left.
  std::optional<SteadyTime> LookForOrphans(const Clock& clock);

 private:
  RunnerLedger(FileSystem& files, std::filesystem::path folder, std::string mark)
      : files_(&files), folder_(std::move(folder)), mark_(std::move(mark)) {}

  Status EndLeftovers();
  std::filesystem::path MarkFile() const;
  std::filesystem::path PathOf(pid_t pid) const;

  FileSystem* files_;
  std::filesystem::path folder_;
  std::string mark_;
  std::vector<std::string> earlier_marks_;
  std::set<pid_t> runners_;
  std::set<pid_t> entered_;  // those on disk
  bool adopts_ = false;
  SteadyTime next_look_{};  // not before
  int ended_ = 0;
};

}  // namespace tutti
