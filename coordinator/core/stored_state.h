// What a start begins with: the rows that the core keeps in memory.
#pragma once

#include <cstdint>
#include <vector>

#include "coordinator/core/records.h"

namespace tutti {

// All that the core needs to go on after a start; jobs in id order, live attempts only.
struct StoredState {
  std::vector<SweepRecord> sweeps;
  std::vector<FeatureSetRecord> feature_sets;
  std::vector<JobRecord> jobs;
  std::vector<AttemptRecord> live_attempts;  // leased or running
  std::vector<WorkerRecord> workers;
  std::int64_t last_sweep_id = 0;
  std::int64_t last_feature_set_id = 0;
  std::int64_t last_job_id = 0;
};

}  // namespace tutti
