// What a start begins with: the rows that the core keeps in memory.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "coordinator/core/records.h"

namespace tutti {

struct StoredShard {
  JobId job;
  std::string blob_hash;

  friend bool operator==(const StoredShard&, const StoredShard&) = default;
};

// What a training took, for the order of those to come.
struct StoredPace {
  JobId job;
  WorkerId worker;
  std::string device;
  double seconds = 0;

  friend bool operator==(const StoredPace&, const StoredPace&) = default;
};
inline constexpr std::int64_t kPacesLoaded = 2'000;
// Looked at for them: a million results of another kind are not read at each start.
inline constexpr std::int64_t kResultsLookedAt = 20'000;

// All that the core needs to go on after a start; jobs in id order.
struct StoredState {
  std::vector<DatasetRecord> datasets;
  std::vector<SweepRecord> sweeps;
  std::vector<FeatureSetRecord> feature_sets;
  std::vector<JobRecord> jobs;
  // Those that may still speak: leased, running, and lost ones whose job is not succeeded or
  // cancelled (a late result of theirs would be taken).
  std::vector<AttemptRecord> live_attempts;
  std::vector<UndecodableRecord> undecodable;
  std::vector<WorkerRecord> workers;
  std::vector<StoredShard> shards;  // of preprocess jobs that succeeded
  std::vector<StoredPace> paces;    // of the newest results of trainings; by job
  std::int64_t last_sweep_id = 0;
  std::int64_t last_feature_set_id = 0;
  std::int64_t last_job_id = 0;
};

}  // namespace tutti
