// The simplest store there is: changes folded into rows in memory, for tests of the core alone.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "coordinator/core/changes.h"
#include "coordinator/core/records.h"
#include "coordinator/core/stored_state.h"

namespace tutti {

// Rows are public: a test looks at what was written.
struct StateFold {
  std::map<std::string, DatasetRecord> datasets;
  std::map<SweepId, SweepRecord> sweeps;
  std::map<FeatureSetId, FeatureSetRecord> feature_sets;
  std::map<JobId, JobRecord> jobs;
  std::map<std::pair<JobId, AttemptNumber>, AttemptRecord> attempts;
  std::map<JobId, ResultRecord> results;
  std::map<JobId, int> times_accepted;
  std::vector<EpochRecord> epochs;
  std::map<std::pair<std::string, std::string>, UndecodableRecord> undecodable;
  std::map<WorkerId, WorkerRecord> workers;
  std::vector<EventRecord> events;
  JobId removed_job{};  // the highest

  void Apply(const Changes& changes);
  // As a store gives it to a start.
  StoredState Load() const;
  // Kinds of events, in order.
  std::vector<std::string> EventKinds() const;

 private:
  void Take(const Change& change);
};

}  // namespace tutti
