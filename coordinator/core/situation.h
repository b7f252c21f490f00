// What a job's turn depends on, as the core knows it: the facts from which it is explained.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/clock.h"
#include "common/ids.h"
#include "coordinator/core/job_kinds.h"

namespace tutti {

// Why a worker is not given a job.
enum class Obstacle {
  kNone,
  kAway,            // it is not connected
  kDrained,         // somebody wants it to take no work
  kEnding,          // it says that it takes no more
  kSetAside,        // its attempts failed in a row
  kOnTrial,         // the same, and the one job that it may have is there
  kKind,            // it has no runner for this kind
  kDataRoot,        // it cannot open the dataset's folder
  kNoGpu,           // the run's precision needs one
  kGpusSetAside,    // the GPUs that are left are taken
  kElsewhereFirst,  // another worker is to take it
  kNoFreeSlot,
};

struct WorkerFit {
  WorkerId id;
  std::string name;
  Obstacle obstacle = Obstacle::kNone;
  std::string detail;  // of kSetAside, kOnTrial, kGpusSetAside: what failed there
  UnixMillis until{};  // of kSetAside
};

struct JobSituation {
  JobId id;
  JobKind kind = JobKind::kTrain;
  JobPhase phase = JobPhase::kBlocked;
  std::string sweep;  // for which it is done now
  SweepState sweep_state = SweepState::kActive;
  std::int64_t priority = 0;
  std::int32_t max_attempts = 3;
  std::string data_root;  // of the in-place dataset that it reads; empty: none

  // Of a run over a dataset: the shards that it reads.
  std::int64_t shards = 0;
  std::int64_t shards_to_come = 0;
  std::optional<JobId> next_shard;    // the first of these that has not failed
  std::optional<JobId> failed_shard;  // the first that has

  // Of a ready job.
  std::int64_t ready_before = 0;  // jobs of its sweep that come first
  std::string higher_sweep;       // of highest priority, above its own, that has ready jobs
  std::int64_t higher_priority = 0;
  std::int64_t higher_ready = 0;   // jobs of all sweeps above it
  std::vector<WorkerFit> workers;  // by name, then id
};

}  // namespace tutti
