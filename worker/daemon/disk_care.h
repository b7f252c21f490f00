// What becomes of a worker whose disk fails: it takes no jobs until the disk is well again, and an
// event that could not be written is not told before it is.
//
// Owned by the loop's thread.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/clock.h"
#include "common/result.h"
#include "worker/daemon/agent.h"
#include "worker/daemon/spool.h"

namespace tutti {

// How often the disk is looked at; after a job that was handed back it is left alone for twice as
// long each time, until one has ended well.
inline constexpr std::chrono::milliseconds kDiskCheckInterval{5'000};
inline constexpr std::chrono::milliseconds kLongestDiskPause{300'000};

// A result that is not acknowledged by then must survive a power loss here.
inline constexpr std::chrono::milliseconds kSyncDelay{1'000};

// Does the work on another thread, then `done` on the loop's, unless this program ends before.
// Null: both at once.
using Background =
    std::function<void(std::function<Status()> work, std::function<void(const Status&)> done)>;

// Null: the disk is always well.
using DiskCheck = std::function<Status()>;

// Why the disk is to blame for a broken attempt; nothing: it is not. What a runner of ours could
// not write may have gone with it, so that there is room again: its own words count too.
std::optional<std::string> DiskFault(const v1::Broke& broke, bool is_command,
                                     const DiskCheck& check);

class DiskCare {
 public:
  // spool and agent outlive it, and it outlives what it has done in the background.
  DiskCare(Spool& spool, Agent& agent, DiskCheck check, Background background = {});

  // Into the spool, or kept back until it can be. A final event is durable at once where there is
  // no background, else after kSyncDelay: what the coordinator has by then it keeps durably itself.
  void Store(const SpoolEvent& spool, SteadyTime now);
  void Forget(const AttemptId& attempt);
  // An attempt was handed back because of the disk.
  void OnHandedBack(const std::string& reason, SteadyTime now);
  void OnJobDone() { pause_ = kDiskCheckInterval; }
  // Looks at the disk when it is time to.
  void Tick(SteadyTime now);
  std::optional<SteadyTime> NextDeadline() const;

 private:
  // In the background, the files of those that nobody has acknowledged for kSyncDelay.
  void SyncDue(SteadyTime now);
  void OnSynced(const std::vector<AttemptId>& attempts, const Status& synced, SteadyTime now);
  void KeepBack(const AttemptId& attempt, const Error& why, SteadyTime now);
  void BeginTrouble(const std::string& why, SteadyTime now);
  // What was kept back is written. False: not all of it.
  bool StoreKeptBack();

  Spool& spool_;
  Agent& agent_;
  const DiskCheck check_;
  const Background background_;
  std::map<AttemptId, SteadyTime> unsynced_;  // ended: when its file is to be made durable
  bool syncing_ = false;
  std::set<AttemptId> kept_back_;  // some of their events are not in the spool
  bool in_trouble_ = false;
  std::chrono::milliseconds pause_ = kDiskCheckInterval;
  SteadyTime next_check_{};
};

}  // namespace tutti
