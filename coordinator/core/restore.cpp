#include "coordinator/core/restore.h"

#include <algorithm>
#include <map>
#include <utility>

#include "common/feature_spec.h"
#include "coordinator/core/expected_cost.h"
#include "coordinator/core/feature_flow.h"
#include "coordinator/core/fitness.h"
#include "coordinator/core/invariants.h"
#include "coordinator/core/undo_submit.h"

namespace tutti {
namespace {

Error Broken(const JobRecord& row, std::string_view what) {
  return DataLoss("stored job " + std::to_string(row.id.value) + " (" +
                  std::string(Name(row.phase)) + "): " + std::string(what) +
                  "; restore a backup, or run tutti-coordinator check");
}

Result<job::State> StateOf(const JobRecord& row, SteadyTime deadline) {
  switch (row.phase) {
    case JobPhase::kBlocked:
      return job::State(job::Blocked{row.last_attempt});
    case JobPhase::kReady:
      return job::State(job::Ready{row.last_attempt, row.tally});
    case JobPhase::kLeased:
      if (!row.worker) return Broken(row, "it has no worker");
      return job::State(job::Leased{row.last_attempt, *row.worker, deadline, row.tally});
    case JobPhase::kRunning:
      if (!row.worker) return Broken(row, "it has no worker");
      return job::State(job::Running{row.last_attempt, *row.worker, deadline, row.tally});
    case JobPhase::kSucceeded:
      return job::State(job::Succeeded{row.last_attempt});
    case JobPhase::kFailed:
      if (!row.failure) return Broken(row, "it has no failure class");
      return job::State(job::Failed{row.last_attempt, *row.failure, row.tally});
    case JobPhase::kCancelled:
      return job::State(job::Cancelled{row.last_attempt});
  }
  return Broken(row, "its phase is none");
}

class Restorer {
 public:
  Restorer(Books& books, const StoredState& state, Moment now)
      : books_(books), state_(state), deadline_(now.steady + books.options.lease) {}

  Status Restore() {
    for (const SweepRecord& row : state_.sweeps) books_.sweeps[row.id].record = row;
    for (const WorkerRecord& row : state_.workers) books_.workers[row.id].record = row;
    for (const DatasetRecord& row : state_.datasets) books_.datasets[row.name] = row.version;
    for (const JobRecord& row : state_.jobs) TUTTI_RETURN_IF_ERROR(AddJob(row));
    for (const FeatureSetRecord& row : state_.feature_sets) {
      TUTTI_RETURN_IF_ERROR(AddSet(row));
    }
    for (const JobRecord& row : state_.jobs) TUTTI_RETURN_IF_ERROR(LinkRun(row));
    for (const AttemptRecord& row : state_.live_attempts) TUTTI_RETURN_IF_ERROR(AddAttempt(row));
    for (const UndecodableRecord& row : state_.undecodable) TUTTI_RETURN_IF_ERROR(AddVerdict(row));
    for (const StoredShard& row : state_.shards) TUTTI_RETURN_IF_ERROR(AddShard(row));
    for (const StoredPace& row : state_.paces) TUTTI_RETURN_IF_ERROR(AddPace(row));
    for (auto& [id, job] : books_.jobs) TUTTI_RETURN_IF_ERROR(Index(job));
    CountIds();
    FindLeftOver(books_);
    return {};
  }

 private:
  Status AddJob(const JobRecord& row) {
    if (!books_.sweeps.contains(row.sweep)) return Broken(row, "its sweep is not there");
    const auto key = DigestFromHex(row.key);
    if (!key) return Broken(row, "its key is no SHA-256");
    Job job;
    job.id = row.id;
    job.kind = row.kind;
    job.sweep = row.sweep;
    job.queue = row.sweep;
    job.feature_set = row.feature_set.value_or(FeatureSetId{});
    job.key = *key;
    job.ready_at = row.ready_at;
    TUTTI_ASSIGN_OR_RETURN(job.state, StateOf(row, deadline_));
    if (row.kind == JobKind::kPreprocess) {
      Result<ShardTracks> tracks = ParseShardConfig(row.config_json);
      if (!tracks) return Broken(row, tracks.error().message);
      job.cost = static_cast<float>(tracks->content.size());
      books_.shard_by_key.emplace(*key, row.id);
      books_.shards[row.id].tracks = *std::move(tracks);
    }
    if (!books_.jobs.emplace(row.id, std::move(job)).second)
      return Broken(row, "it is there twice");
    return {};
  }

  Status AddSet(const FeatureSetRecord& row) {
    for (const JobId id : row.shard_jobs) {
      if (books_.shards.contains(id)) continue;
      return DataLoss("stored feature set " + std::to_string(row.id.value) + " names job " +
                      std::to_string(id.value) + ", which is no preprocess job");
    }
    const std::string what = "stored feature set " + std::to_string(row.id.value);
    Result<Json> json = ParseJson(row.spec_json, what);
    if (!json) return DataLoss(json.error().message);
    Result<FeatureSpec> spec = FeatureSpecFromJson(*json);
    if (!spec) return DataLoss(what + ": " + spec.error().message);
    spec_of_set_[row.id] = *spec;
    FeatureSet set;
    set.record = row;
    AddFeatureSet(books_, std::move(set));
    return {};
  }

  Status LinkRun(const JobRecord& row) {
    if (!row.feature_set) return {};
    const auto set = books_.feature_sets.find(*row.feature_set);
    if (set == books_.feature_sets.end()) return Broken(row, "its feature set is not there");
    set->second.runs.push_back(row.id);
    set->second.sweeps.insert(row.sweep);
    if (row.phase == JobPhase::kSucceeded) return {};
    Result<Json> config = ParseJson(row.config_json, "its configuration");
    if (!config) return Broken(row, config.error().message);
    Job& job = books_.JobOf(row.id);
    job.cost = ExpectedCost(*config, spec_of_set_.at(*row.feature_set));
    job.work = books_.times.WorkOf(WorkName(*config));
    job.needs_gpu = NeedsGpu(*config);
    return {};
  }

  Status AddAttempt(const AttemptRecord& row) {
    const auto job = books_.jobs.find(row.job);
    const std::string name = "stored attempt " + std::to_string(row.attempt) + " of job " +
                             std::to_string(row.job.value);
    if (job == books_.jobs.end()) return DataLoss(name + ": there is no such job");
    OpenAttempt attempt{row, std::nullopt};
    if (attempt.IsLive()) {
      if (job::LiveAttempt(job->second.state) != row.attempt) {
        return DataLoss(name + " is " + std::string(Name(row.outcome)) + ", its job is " +
                        std::string(Name(job::PhaseOf(job->second.state))) + " at attempt " +
                        std::to_string(job::LastAttempt(job->second.state)));
      }
      const auto waited = ToInt(row.granted_at) - ToInt(job->second.ready_at);
      attempt.queued_seconds = static_cast<double>(std::max<std::int64_t>(0, waited)) / 1000.0;
    } else {
      const JobPhase phase = job::PhaseOf(job->second.state);
      if (phase == JobPhase::kSucceeded || phase == JobPhase::kCancelled) return {};
    }
    books_.attempts.insert_or_assign({row.job, row.attempt}, std::move(attempt));
    return {};
  }

  Status AddVerdict(const UndecodableRecord& row) {
    const auto spec = DigestFromHex(row.spec_hash);
    const auto content = DigestFromHex(row.content_hash);
    if (!spec || !content) return DataLoss("a stored verdict on a track names no SHA-256");
    books_.undecodable.emplace(TrackContent{*spec, *content}, row.job);
    return {};
  }

  // The run has ended, so that nothing else asks for its cost.
  Status AddPace(const StoredPace& pace) {
    const auto row = std::ranges::lower_bound(state_.jobs, pace.job, {}, &JobRecord::id);
    if (row == state_.jobs.end() || row->id != pace.job || !row->feature_set) {
      return DataLoss("a stored result names job " + std::to_string(pace.job.value) +
                      ", which is no training");
    }
    Result<Json> config = ParseJson(row->config_json, "its configuration");
    if (!config) return Broken(*row, config.error().message);
    Job run;
    run.cost = ExpectedCost(*config, spec_of_set_.at(*row->feature_set));
    run.work = books_.times.WorkOf(WorkName(*config));
    AttemptRecord attempt;
    attempt.worker = pace.worker;
    attempt.device = pace.device;
    books_.LearnTime(run, attempt, pace.seconds);
    return {};
  }

  Status AddShard(const StoredShard& row) {
    const auto digest = DigestFromHex(row.blob_hash);
    if (digest && books_.shards.contains(row.job)) {
      books_.shard_by_blob.emplace(*digest, row.job);
      return {};
    }
    return DataLoss("the stored shard of job " + std::to_string(row.job.value) +
                    " names no SHA-256, or no preprocess job");
  }

  // Once all is there that an index looks at.
  Status Index(Job& job) {
    if (job.kind == JobKind::kPreprocess) job.queue = books_.SponsorOf(job);
    Sweep& queue = books_.sweeps.at(job.queue);
    if (job::PhaseOf(job.state) == JobPhase::kReady) books_.Enqueue(job);
    const auto attempt = job::LiveAttempt(job.state);
    if (!attempt) return {};
    const auto worker = books_.workers.find(*job::WorkerOf(job.state));
    if (worker == books_.workers.end()) {
      return DataLoss("stored job " + std::to_string(job.id.value) + " is live on worker " +
                      job::WorkerOf(job.state)->value + ", which is not stored");
    }
    ++queue.live;
    books_.deadlines.insert({*job::DeadlineOf(job.state), job.id});
    worker->second.live.insert({job.id, *attempt});
    return {};
  }

  void CountIds() {
    books_.last_sweep_id = state_.last_sweep_id;
    books_.last_feature_set_id = state_.last_feature_set_id;
    books_.last_job_id = state_.last_job_id;
    for (const auto& row : state_.sweeps) Raise(books_.last_sweep_id, row.id.value);
    for (const auto& row : state_.feature_sets) Raise(books_.last_feature_set_id, row.id.value);
    for (const auto& row : state_.jobs) Raise(books_.last_job_id, row.id.value);
  }
  static void Raise(std::int64_t& last, std::int64_t id) { last = std::max(last, id); }

  Books& books_;
  const StoredState& state_;
  SteadyTime deadline_;
  std::map<FeatureSetId, FeatureSpec> spec_of_set_;
};

}  // namespace

Result<Books> RestoreBooks(const CoreOptions& options, const StoredState& state, Moment now) {
  Books books;
  books.options = options;
  TUTTI_RETURN_IF_ERROR(Restorer(books, state, now).Restore());
  const std::vector<std::string> violations = FindViolations(books);
  if (!violations.empty()) {
    std::string message = "what is stored contradicts itself:";
    for (const std::string& line : violations) message += "\n  " + line;
    return DataLoss(std::move(message));
  }
  return books;
}

}  // namespace tutti
