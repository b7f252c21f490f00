#include "coordinator/core/feature_flow.h"

#include <set>
#include <string>
#include <utility>

#include "coordinator/core/feature_places.h"

namespace tutti {
namespace {

// Takes every run of the set in `phase` through the event; returns how many took it.
template <class E>
std::int64_t DriveRuns(Books& books, JobDriver& driver, const FeatureSet& set, JobPhase phase,
                       const E& event, const EventDetail& detail) {
  std::int64_t taken = 0;
  for (const JobId run : set.runs) {
    if (job::PhaseOf(books.JobOf(run).state) != phase) continue;
    if (driver.Drive(run, event, detail).ok()) ++taken;
  }
  return taken;
}

void Log(Batch& batch, std::string_view kind, const Job& shard_job, const FeatureSet& set,
         std::int64_t runs) {
  if (runs == 0) return;
  EventRecord row;
  row.kind = kind;
  row.sweep = shard_job.queue;
  row.job = shard_job.id;
  row.detail = std::to_string(runs) + (runs == 1 ? " run" : " runs") + " of feature set " +
               std::to_string(set.record.id.value);
  batch.Event(std::move(row));
}

// "preprocess job 3 failed (bad_data: …); retry the sweep once that is mended".
std::string ReasonOf(const Job& shard_job, const std::string& why) {
  std::string reason = "preprocess job " + std::to_string(shard_job.id.value) + " " +
                       std::string(Name(job::PhaseOf(shard_job.state)));
  const auto failure = job::FailureOf(shard_job.state);
  if (failure) reason += " (" + std::string(Name(*failure)) + (why.empty() ? "" : ": " + why) + ")";
  return reason + "; retry the sweep once that is mended";
}

}  // namespace

bool CountsAsRemaining(JobPhase phase) {
  return phase != JobPhase::kSucceeded;
}

bool CountsAsFailed(JobPhase phase) {
  return phase == JobPhase::kFailed || phase == JobPhase::kCancelled;
}

void AddFeatureSet(Books& books, FeatureSet set) {
  const FeatureSetId id = set.record.id;
  // Two equal blocks of one dataset are one job.
  const std::set<JobId> shard_jobs(set.record.shard_jobs.begin(), set.record.shard_jobs.end());
  for (const JobId shard_job : shard_jobs) {
    const JobPhase phase = job::PhaseOf(books.JobOf(shard_job).state);
    set.remaining += CountsAsRemaining(phase);
    set.failed += CountsAsFailed(phase);
    books.shards.at(shard_job).sets.push_back(id);
  }
  set.shard_count = shard_jobs.size();
  for (auto& [worker_id, worker] : books.workers) {
    for (const JobId shard_job : shard_jobs) {
      if (HasShard(books, worker, shard_job)) worker.cached[id].insert(shard_job);
    }
  }
  books.feature_sets.insert_or_assign(id, std::move(set));
}

void FollowShard(Books& books, Batch& batch, JobDriver& driver, const Job& shard_job,
                 JobPhase before, const std::string& why) {
  const JobPhase after = job::PhaseOf(shard_job.state);
  for (const FeatureSetId id : books.shards.at(shard_job.id).sets) {
    FeatureSet& set = books.feature_sets.at(id);
    const bool had_failed = set.failed > 0;
    const bool was_complete = set.remaining == 0;
    set.remaining += CountsAsRemaining(after) - CountsAsRemaining(before);
    set.failed += CountsAsFailed(after) - CountsAsFailed(before);
    if (!had_failed && set.failed > 0) {
      const EventDetail detail{ReasonOf(shard_job, why)};
      Log(batch, "dependency_failed", shard_job, set,
          DriveRuns(books, driver, set, JobPhase::kBlocked, job::DependencyFailed{}, detail));
    }
    if (had_failed && set.failed == 0) {
      Log(batch, "dependency_restored", shard_job, set,
          DriveRuns(books, driver, set, JobPhase::kFailed, job::DependencyRestored{}, {}));
    }
    if (!was_complete && set.remaining == 0) {
      Log(batch, "features_ready", shard_job, set,
          DriveRuns(books, driver, set, JobPhase::kBlocked, job::Unblocked{}, {}));
    }
  }
}

}  // namespace tutti
