// What goes wrong in a simulation, counted, and the story of it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <utility>

#include "tests/sim/timeline.h"

namespace tutti {

enum class Trouble {
  kStreamCut,
  kPartitionUp,
  kPartitionDown,
  kPartitionBoth,
  kLateFrame,          // of a stream that its worker has given up
  kSupersededSession,  // a frame refused because a newer session is open
  kRepeatedFrame,      // given to the core once more
  kFrameWithAGap,
  kForeignFrame,  // of an attempt that was granted to another worker
  kCoordinatorKilled,
  kCoordinatorLostPower,
  kCoordinatorPaused,
  kCommitFailed,
  kDatabaseWriteFailed,
  kDatabaseWriteLost,
  kSubmitUndone,  // that broke off between two of its transactions
  kWorkerKilled,
  kWorkerLostPower,
  kWorkerLostDisk,
  kWorkerDrained,
  kWorkerPaused,
  kSpoolWriteFailed,
  kSpoolWriteLost,
  kAttemptRecovered,  // by a daemon that found its events on the disk
  kTransferFailed,
  kRunnerBroke,
  kRunnerHung,
  kResumeSalvaged,  // by a daemon, of a run that was killed with the one before
  kRunResumed,      // in the middle, from a resume file
  kAttemptLost,
  kAttemptReclaimed,
  kAttemptSuperseded,
  kAttemptReturned,
  kAttemptCancelled,
  kLateResult,  // accepted from an attempt that was not the newest
  kCount
};

std::string_view NameOf(Trouble trouble);

// The last lines are kept to be printed when something is wrong; all of them make the fingerprint.
class Story {
 public:
  explicit Story(const Timeline& timeline) : timeline_(timeline) {}

  void Tell(const std::string& line);
  void Tell(Trouble trouble, const std::string& detail = "", int times = 1);

  int Count(Trouble trouble) const { return counts_[static_cast<std::size_t>(trouble)]; }
  // Equal stories have equal ones.
  std::uint64_t fingerprint() const { return fingerprint_; }
  std::string LastLines() const;

 private:
  static constexpr std::size_t kLinesKept = 80;

  const Timeline& timeline_;
  std::array<int, static_cast<std::size_t>(Trouble::kCount)> counts_{};
  std::uint64_t fingerprint_ = 14695981039346656037U;
  std::deque<std::string> lines_;
};

}  // namespace tutti
