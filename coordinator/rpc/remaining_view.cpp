// How long a sweep still takes; and, once it has ended, what that estimate was on the way.
#include <algorithm>
#include <array>
#include <string>
#include <unordered_map>
#include <vector>

#include "common/feature_spec.h"
#include "common/json.h"
#include "coordinator/core/expected_cost.h"
#include "coordinator/core/remaining_time.h"
#include "coordinator/core/time_model.h"
#include "coordinator/rpc/views.h"

namespace tutti {
namespace {

// A watcher asks twice a second; the estimate of a larger sweep is not worth reading so many rows.
constexpr std::int64_t kMostRuns = 5'000;
// Of a sweep's time, at which its past estimates are told.
constexpr std::array kLookedAt{0.25, 0.5, 0.75};

// A worker may hold runs beyond its slots: those that have begun tell how many run at a time; where
// none has, those that are about to.
struct AtOnce {
  int begun = 0;
  int held = 0;

  void Add(bool has_begun) { ++(has_begun ? begun : held); }
  int runs() const { return begun > 0 ? begun : held; }
};

// A run of which nothing is done yet, and how many epochs it may have.
struct PlannedRun {
  RunPace pace;
  double epochs = 0;  // 0: it tells none
};

// Nothing: a run that nobody can judge.
Result<std::optional<PlannedRun>> PlanOf(const JobRecord& job) {
  TUTTI_ASSIGN_OR_RETURN(const Json config, ParseJson(job.config_json, "configuration of a run"));
  const auto spec = FeatureSpecFromJson(config.value("features", Json::object()));
  if (!spec.ok()) return std::optional<PlannedRun>();
  PlannedRun run;
  run.pace.kind = WorkName(config);
  run.pace.cost = ExpectedCost(config, *spec);
  const Json training = config.value("training", Json::object());
  if (training.is_object()) run.epochs = training.value("epochs", 0.0);
  return std::optional(run);
}

RunPace AfterResult(const PlannedRun& run, const ResultRecord& result) {
  RunPace pace = run.pace;
  pace.done = 1;
  pace.seconds = SecondsOfTraining(result.timings_seconds);
  return pace;
}

RunPace AfterEpoch(const PlannedRun& run, const EpochRecord& epoch) {
  RunPace pace = run.pace;
  if (run.epochs <= 0) return pace;
  pace.done = std::min(1.0, epoch.epoch / run.epochs);
  pace.seconds = epoch.seconds * epoch.epoch;
  return pace;
}

struct Runs {
  std::vector<JobRecord> jobs;
  std::vector<ResultRecord> results;
  std::unordered_map<JobId, const ResultRecord*> result_of;
};

// Nothing: too many, or of a kind of which nobody knows how long it takes.
Result<std::optional<Runs>> ReadRuns(const SweepRecord& sweep, StoreReader& reader) {
  if (sweep.dataset.empty()) return std::optional<Runs>();
  JobFilter filter;
  filter.sweep = sweep.id;
  filter.kind = JobKind::kTrain;
  filter.limit = kMostRuns + 1;
  Runs runs;
  TUTTI_ASSIGN_OR_RETURN(runs.jobs, reader.Jobs(filter));
  if (static_cast<std::int64_t>(runs.jobs.size()) > kMostRuns) return std::optional<Runs>();
  TUTTI_ASSIGN_OR_RETURN(runs.results, reader.ResultsOf(sweep.id));
  for (const ResultRecord& result : runs.results) runs.result_of.emplace(result.job, &result);
  return std::optional(std::move(runs));
}

// All that happened to one run, with the times at which it did.
struct RunStory {
  PlannedRun plan;
  const ResultRecord* result = nullptr;
  std::vector<AttemptRecord> attempts;
  std::vector<std::vector<EpochRecord>> epochs;  // of each attempt

  bool IsLiveAt(std::size_t i, std::int64_t at) const {
    const AttemptRecord& attempt = attempts[i];
    return ToInt(attempt.granted_at) <= at &&
           (ToInt(attempt.ended_at) == 0 || ToInt(attempt.ended_at) > at);
  }
  bool HasBegunAt(std::size_t i, std::int64_t at) const {
    return ToInt(attempts[i].started_at) != 0 && ToInt(attempts[i].started_at) <= at;
  }
  // As the estimate saw it then.
  RunPace At(std::int64_t at, AtOnce& at_once) const {
    if (result != nullptr && ToInt(result->accepted_at) <= at) return AfterResult(plan, *result);
    for (std::size_t i = 0; i < attempts.size(); ++i) {
      if (!IsLiveAt(i, at)) continue;
      at_once.Add(HasBegunAt(i, at));
      if (!HasBegunAt(i, at)) return plan.pace;
      double trained = 0;
      const EpochRecord* last = nullptr;
      for (const EpochRecord& epoch : epochs[i]) {
        trained += 1e3 * epoch.seconds;
        if (static_cast<double>(ToInt(attempts[i].started_at)) + trained >
            static_cast<double>(at)) {
          break;
        }
        last = &epoch;
      }
      return last == nullptr ? plan.pace : AfterEpoch(plan, *last);
    }
    return plan.pace;
  }
};

Result<std::optional<RunStory>> StoryOf(const JobRecord& job, const Runs& runs,
                                        StoreReader& reader) {
  TUTTI_ASSIGN_OR_RETURN(const auto plan, PlanOf(job));
  if (!plan) return std::optional<RunStory>();
  RunStory story{*plan, nullptr, {}, {}};
  const auto result = runs.result_of.find(job.id);
  if (result != runs.result_of.end()) story.result = result->second;
  TUTTI_ASSIGN_OR_RETURN(story.attempts, reader.Attempts(job.id));
  for (const AttemptRecord& attempt : story.attempts) {
    TUTTI_ASSIGN_OR_RETURN(story.epochs.emplace_back(), reader.Epochs(job.id, attempt.attempt));
  }
  return std::optional(std::move(story));
}

}  // namespace

Status ViewRemainingTime(const SweepRecord& sweep, StoreReader& reader,
                         v1::GetSweepResponse& response) {
  TUTTI_ASSIGN_OR_RETURN(const auto runs, ReadRuns(sweep, reader));
  if (!runs) return {};
  std::vector<RunPace> paces;
  AtOnce at_once;
  for (const JobRecord& job : runs->jobs) {
    if (job.phase == JobPhase::kFailed || job.phase == JobPhase::kCancelled) continue;
    const bool has_begun = job.phase == JobPhase::kRunning;
    if (has_begun || job.phase == JobPhase::kLeased) at_once.Add(has_begun);
    TUTTI_ASSIGN_OR_RETURN(const auto plan, PlanOf(job));
    if (!plan) continue;
    const auto result = runs->result_of.find(job.id);
    RunPace pace = plan->pace;
    if (result != runs->result_of.end()) {
      pace = AfterResult(*plan, *result->second);
    } else if (job.phase == JobPhase::kRunning) {
      TUTTI_ASSIGN_OR_RETURN(const auto epoch, reader.LastEpoch(job.id));
      if (epoch && epoch->attempt == job.last_attempt) pace = AfterEpoch(*plan, *epoch);
    }
    paces.push_back(pace);
  }
  if (at_once.runs() == 0) return {};
  const auto range = EstimateRemaining(paces, at_once.runs());
  if (!range) return {};
  response.set_remaining_low_seconds(range->low_seconds);
  response.set_remaining_high_seconds(range->high_seconds);
  return {};
}

Status ViewPastEstimates(const SweepRecord& sweep, StoreReader& reader,
                         v1::GetSweepResponse& response) {
  TUTTI_ASSIGN_OR_RETURN(const auto runs, ReadRuns(sweep, reader));
  if (!runs) return {};
  std::vector<RunStory> stories;
  std::int64_t begun = 0;
  std::int64_t ended = 0;
  for (const JobRecord& job : runs->jobs) {
    if (job.phase == JobPhase::kFailed || job.phase == JobPhase::kCancelled) continue;
    if (job.phase != JobPhase::kSucceeded) return {};
    TUTTI_ASSIGN_OR_RETURN(auto story, StoryOf(job, *runs, reader));
    if (!story) continue;
    for (const AttemptRecord& attempt : story->attempts) {
      const std::int64_t granted = ToInt(attempt.granted_at);
      begun = begun == 0 ? granted : std::min(begun, granted);
      ended = std::max(ended, ToInt(attempt.ended_at));
    }
    stories.push_back(*std::move(story));
  }
  for (const double share : kLookedAt) {
    const auto at = begun + static_cast<std::int64_t>(share * static_cast<double>(ended - begun));
    std::vector<RunPace> paces;
    AtOnce at_once;
    for (const RunStory& story : stories) paces.push_back(story.At(at, at_once));
    if (at_once.runs() == 0) continue;  // everything waited for a worker then
    const auto range = EstimateRemaining(paces, at_once.runs());
    if (!range) continue;
    auto& past = *response.add_past_estimates();
    past.set_after_seconds(1e-3 * static_cast<double>(at - begun));
    past.set_low_seconds(range->low_seconds);
    past.set_high_seconds(range->high_seconds);
    past.set_actual_seconds(1e-3 * static_cast<double>(ended - at));
  }
  return {};
}

}  // namespace tutti
