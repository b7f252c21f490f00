// Which runs' weights are given up, when there is a limit on their age or on their size.
//
// The oldest results go first. Kept in any case: the weights of a cell's best run (by f1_macro; of
// equals the first), those of sweeps that have not ended, and those of runs without an f1_macro,
// since nobody can say which of them is best. Results, tables, curves and logs stay as they are.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/clock.h"
#include "common/ids.h"
#include "common/result.h"
#include "coordinator/core/changes.h"
#include "coordinator/core/records.h"
#include "coordinator/store/store.h"

namespace tutti {

struct RetentionOptions {
  std::chrono::milliseconds keep_for{0};  // 0: as long as there is room
  std::uint64_t quota_bytes = 0;          // of all weights together; 0: no limit

  bool any() const { return keep_for.count() > 0 || quota_bytes > 0; }
};

// A train run's kept weights.
struct KeptRun {
  JobId job;
  SweepId sweep;
  bool sweep_has_ended = false;
  std::string cell;  // equal for runs of a sweep that differ only in seed
  std::optional<double> score;
  UnixMillis accepted_at{};
  std::vector<ArtifactRecord> weights;
};

// The runs whose weights go now, in that order.
std::vector<KeptRun> ChooseToForget(std::vector<KeptRun> runs, const RetentionOptions& options,
                                    UnixMillis now);

// All runs that still have weights.
Result<std::vector<KeptRun>> ReadKeptRuns(StoreReader& reader);

// What is written for one of them: its artifacts marked, and an event that tells why.
Changes ForgetWeights(const KeptRun& run, const RetentionOptions& options, UnixMillis now);

}  // namespace tutti
