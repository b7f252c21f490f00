#include "tests/support/state_fold.h"

#include <algorithm>
#include <variant>

#include <gtest/gtest.h>

#include "coordinator/core/time_model.h"

namespace tutti {
namespace {

template <class... F>
struct Match : F... {
  using F::operator()...;
};

void Update(JobRecord& row, const UpdateJob& change) {
  row.phase = change.phase;
  row.last_attempt = change.last_attempt;
  row.worker = change.worker;
  row.failure = change.failure;
  row.message = change.message;
  row.tally = change.tally;
  row.ready_at = change.ready_at;
}

bool MaySpeak(const AttemptRecord& attempt, JobPhase phase) {
  switch (attempt.outcome) {
    case AttemptOutcome::kLeased:
    case AttemptOutcome::kRunning:
      return true;
    case AttemptOutcome::kLost:
      return phase != JobPhase::kSucceeded && phase != JobPhase::kCancelled;
    default:
      return false;
  }
}

}  // namespace

void StateFold::Apply(const Changes& changes) {
  for (const Change& change : changes) Take(change);
}

// What a foreign key would refuse is a failure of the test.
void StateFold::Take(const Change& change) {
  std::visit(Match{
                 [&](const PutDataset& put) { datasets[put.row.name] = put.row; },
                 [&](const RemoveDataset& gone) { datasets.erase(gone.name); },
                 [&](const PutSweep& put) { sweeps[put.row.id] = put.row; },
                 [&](const PutFeatureSet& put) {
                   for (const JobId id : put.row.shard_jobs) EXPECT_TRUE(jobs.contains(id));
                   feature_sets[put.row.id] = put.row;
                 },
                 [&](const PutJob& put) {
                   EXPECT_TRUE(sweeps.contains(put.row.sweep));
                   if (put.row.feature_set) {
                     EXPECT_TRUE(feature_sets.contains(*put.row.feature_set));
                   }
                   jobs[put.row.id] = put.row;
                 },
                 [&](const RemoveRun& removed) {
                   EXPECT_TRUE(jobs.contains(removed.id));
                   removed_job = std::max(removed_job, removed.id);
                   jobs.erase(removed.id);
                   results.erase(removed.id);
                   std::erase_if(attempts, [&](const auto& attempt) {
                     return attempt.first.first == removed.id;
                   });
                 },
                 [&](const UpdateJob& put) {
                   EXPECT_TRUE(jobs.contains(put.id));
                   Update(jobs[put.id], put);
                 },
                 [&](const PutAttempt& put) {
                   EXPECT_TRUE(jobs.contains(put.row.job) && workers.contains(put.row.worker));
                   attempts[{put.row.job, put.row.attempt}] = put.row;
                 },
                 [&](const PutResult& put) {
                   EXPECT_TRUE(attempts.contains({put.row.job, put.row.attempt}));
                   results[put.row.job] = put.row;
                   ++times_accepted[put.row.job];
                 },
                 [&](const MarkArtifactRemoved& mark) {
                   for (ArtifactRecord& artifact : results.at(mark.job).artifacts) {
                     if (artifact.name == mark.name) artifact.removed_at = mark.at;
                   }
                 },
                 [&](const PutEpoch& put) {
                   EXPECT_TRUE(attempts.contains({put.row.job, put.row.attempt}));
                   epochs.push_back(put.row);
                 },
                 [&](const PutResume& put) {
                   EXPECT_TRUE(attempts.contains({put.row.job, put.row.attempt}));
                 },
                 [&](const RemoveResume& put) { EXPECT_TRUE(jobs.contains(put.job)); },
                 [&](const PutLog& put) {
                   EXPECT_TRUE(attempts.contains({put.row.job, put.row.attempt}));
                 },
                 [&](const PutUndecodable& put) {
                   EXPECT_TRUE(jobs.contains(put.row.job));
                   undecodable[{put.row.content_hash, put.row.spec_hash}] = put.row;
                 },
                 [&](const PutWorker& put) { workers[put.row.id] = put.row; },
                 [&](const AppendEvent& put) {
                   events.push_back(put.row);
                   events.back().number = static_cast<std::int64_t>(events.size());
                 },
                 [&](const auto&) { ADD_FAILURE() << "the core does not write such rows"; },
             },
             change);
}

StoredState StateFold::Load() const {
  StoredState state;
  for (const auto& [id, row] : sweeps) state.sweeps.push_back(row);
  for (const auto& [id, row] : feature_sets) state.feature_sets.push_back(row);
  for (const auto& [id, row] : jobs) state.jobs.push_back(row);
  for (const auto& [id, row] : workers) state.workers.push_back(row);
  for (const auto& [name, row] : datasets) state.datasets.push_back(row);
  for (const auto& [id, row] : results) {
    const double seconds = SecondsOfTraining(row.timings_seconds);
    if (jobs.at(id).kind == JobKind::kTrain && seconds > 0) {
      const AttemptRecord& attempt = attempts.at({id, row.attempt});
      state.paces.push_back({id, attempt.worker, attempt.device, seconds});
    }
    if (jobs.at(id).kind != JobKind::kPreprocess) continue;
    for (const ArtifactRecord& artifact : row.artifacts) {
      if (artifact.name == "shard") state.shards.push_back({id, artifact.blob_hash});
    }
  }
  for (const auto& [key, row] : undecodable) state.undecodable.push_back(row);
  for (const auto& [key, row] : attempts) {
    if (MaySpeak(row, jobs.at(row.job).phase)) state.live_attempts.push_back(row);
  }
  if (!sweeps.empty()) state.last_sweep_id = sweeps.rbegin()->first.value;
  if (!feature_sets.empty()) state.last_feature_set_id = feature_sets.rbegin()->first.value;
  state.last_job_id = removed_job.value;
  if (!jobs.empty()) state.last_job_id = std::max(state.last_job_id, jobs.rbegin()->first.value);
  return state;
}

std::vector<std::string> StateFold::EventKinds() const {
  std::vector<std::string> kinds;
  for (const EventRecord& event : events) kinds.push_back(event.kind);
  return kinds;
}

}  // namespace tutti
