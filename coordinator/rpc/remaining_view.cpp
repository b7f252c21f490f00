#include <algorithm>
#include <string>
#include <unordered_map>
#include <vector>

#include "common/feature_spec.h"
#include "common/json.h"
#include "coordinator/core/expected_cost.h"
#include "coordinator/core/remaining_time.h"
#include "coordinator/rpc/views.h"

namespace tutti {
namespace {

// A watcher asks twice a second; the estimate of a larger sweep is not worth reading so many rows.
constexpr std::int64_t kMostRuns = 5'000;

// Seconds of training and test; nothing where the runner tells none.
double SecondsOf(const ResultRecord& result) {
  double seconds = 0;
  for (const char* name : {"train", "test"}) {
    const auto timing = result.timings_seconds.find(name);
    if (timing != result.timings_seconds.end()) seconds += timing->second;
  }
  return seconds;
}

Result<std::optional<RunPace>> PaceOf(const JobRecord& job, const ResultRecord* result,
                                      StoreReader& reader) {
  TUTTI_ASSIGN_OR_RETURN(const Json config, ParseJson(job.config_json, "configuration of a run"));
  const auto spec = FeatureSpecFromJson(config.value("features", Json::object()));
  if (!spec.ok()) return std::optional<RunPace>();
  RunPace pace;
  pace.kind =
      DumpJson(Json::array({config.value("model", Json()), config.value("slice_seconds", Json())}));
  pace.cost = ExpectedCostSeconds(config, *spec);
  if (result != nullptr) {
    pace.done = 1;
    pace.seconds = SecondsOf(*result);
    return std::optional(pace);
  }
  if (job.phase != JobPhase::kRunning) return std::optional(pace);
  TUTTI_ASSIGN_OR_RETURN(const auto epoch, reader.LastEpoch(job.id));
  const Json training = config.value("training", Json::object());
  const auto epochs = training.is_object() ? training.value("epochs", 0.0) : 0.0;
  if (!epoch || epoch->attempt != job.last_attempt || epochs <= 0) return std::optional(pace);
  pace.done = std::min(1.0, epoch->epoch / epochs);
  pace.seconds = epoch->seconds * epoch->epoch;
  return std::optional(pace);
}

}  // namespace

Status ViewRemainingTime(const SweepRecord& sweep, StoreReader& reader,
                         v1::GetSweepResponse& response) {
  if (sweep.dataset.empty()) return {};  // how long a command takes, nobody knows
  JobFilter runs;
  runs.sweep = sweep.id;
  runs.kind = JobKind::kTrain;
  runs.limit = kMostRuns + 1;
  TUTTI_ASSIGN_OR_RETURN(const auto jobs, reader.Jobs(runs));
  if (static_cast<std::int64_t>(jobs.size()) > kMostRuns) return {};
  TUTTI_ASSIGN_OR_RETURN(const auto results, reader.ResultsOf(sweep.id));
  std::unordered_map<JobId, const ResultRecord*> result_of;
  for (const ResultRecord& result : results) result_of.emplace(result.job, &result);
  std::vector<RunPace> paces;
  int at_once = 0;
  for (const JobRecord& job : jobs) {
    if (job.phase == JobPhase::kFailed || job.phase == JobPhase::kCancelled) continue;
    at_once += job.phase == JobPhase::kRunning || job.phase == JobPhase::kLeased ? 1 : 0;
    const auto result = result_of.find(job.id);
    TUTTI_ASSIGN_OR_RETURN(
        const auto pace, PaceOf(job, result == result_of.end() ? nullptr : result->second, reader));
    if (pace) paces.push_back(*pace);
  }
  if (at_once == 0) return {};
  const auto range = EstimateRemaining(paces, at_once);
  if (!range) return {};
  response.set_remaining_low_seconds(range->low_seconds);
  response.set_remaining_high_seconds(range->high_seconds);
  return {};
}

}  // namespace tutti
