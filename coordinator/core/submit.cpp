#include "coordinator/core/submit.h"

#include <optional>
#include <set>
#include <string>
#include <utility>

#include "common/check.h"
#include "coordinator/core/feature_flow.h"
#include "coordinator/core/submit_plan.h"
#include "coordinator/core/sweep_life.h"

namespace tutti {
namespace {

SubmitReport ReportOf(const SubmitPlan& plan, bool prune) {
  SubmitReport report;
  report.created = plan.existing == nullptr;
  report.runs_planned = plan.runs_planned;
  report.runs_added = static_cast<std::int64_t>(plan.added.size());
  report.runs_already_there = plan.runs_already_there;
  const std::size_t unnamed = plan.no_longer_named.size();
  report.runs_no_longer_named = static_cast<std::int64_t>(unnamed);
  report.notes = plan.notes;
  if (unnamed > 0) {
    report.notes.push_back(std::to_string(unnamed) +
                           " runs are in the sweep and no longer in this file; " +
                           (prune ? "they go, with their results" : "they stay without --prune"));
  }
  return report;
}

// Shards that nobody has asked for yet.
std::int64_t CountNewShards(Books& books, const SubmitSweep& submit, const SubmitPlan& plan) {
  std::set<std::string> keys;
  for (const NamedFeatureSpec& spec : plan.specs) {
    if (books.FindFeatureSet(submit.dataset_version, spec.hash) != nullptr) continue;
    for (ShardPlan& shard :
         PlanShards(submit.manifest, spec.hash, books.options.tracks_per_shard)) {
      if (!books.shard_by_key.contains(*DigestFromHex(shard.key)))
        keys.insert(std::move(shard.key));
    }
  }
  return static_cast<std::int64_t>(keys.size());
}

class Submitter {
 public:
  Submitter(Books& books, Batch& batch, JobDriver& driver, const SubmitSweep& submit)
      : books_(books), batch_(batch), driver_(driver), submit_(submit) {}

  SubmitReport Carry(SubmitPlan plan);

 private:
  SweepId StoreSweep(const SubmitPlan& plan);
  FeatureSetId FeatureSetFor(const NamedFeatureSpec& spec);
  JobId ShardJobFor(const NamedFeatureSpec& spec, const ShardPlan& plan, std::int64_t first_track);
  void AddRun(PlannedRun run, std::optional<FeatureSetId> set_id);
  void Prune(const std::vector<JobId>& runs);
  Job& Insert(Job job, std::string key, std::string config_json);

  Books& books_;
  Batch& batch_;
  JobDriver& driver_;
  const SubmitSweep& submit_;
  SweepId sweep_;
  SubmitReport report_;
};

SubmitReport Submitter::Carry(SubmitPlan plan) {
  report_ = ReportOf(plan, submit_.prune);
  sweep_ = StoreSweep(plan);
  report_.sweep = sweep_;
  std::vector<FeatureSetId> sets;
  for (const NamedFeatureSpec& spec : plan.specs) sets.push_back(FeatureSetFor(spec));
  for (PlannedRun& run : plan.added) {
    const auto set = run.spec ? std::optional(sets[*run.spec]) : std::nullopt;
    AddRun(std::move(run), set);
  }
  for (const FeatureSetId set : sets) RetryShards(books_, driver_, set);
  if (submit_.prune) Prune(plan.no_longer_named);
  RequeueShards(books_, sweep_);
  return report_;
}

SweepId Submitter::StoreSweep(const SubmitPlan& plan) {
  SweepRecord row = plan.existing != nullptr ? plan.existing->record : SweepRecord{};
  const SweepRecord before = row;
  if (plan.existing == nullptr) {
    row.id = SweepId{++books_.last_sweep_id};
    row.name = submit_.spec.name;
    row.dataset = submit_.spec.dataset;
    row.dataset_version = submit_.dataset_version;
    row.created_at = batch_.now.wall;
  }
  row.source = submit_.source;
  row.spec_json = DumpJson(ToJson(submit_.spec));
  row.priority = submit_.spec.operational.priority;
  row.max_attempts = submit_.spec.operational.max_attempts;
  row.time_limit_ms = submit_.spec.operational.time_limit_ms;
  if (row != before) {
    batch_.changes.push_back(PutSweep{row});
    EventRecord event;
    event.kind = plan.existing == nullptr ? "sweep_submitted" : "sweep_changed";
    event.sweep = row.id;
    event.detail = std::to_string(report_.runs_added) + " runs added";
    batch_.Event(std::move(event));
  }
  const SweepId id = row.id;
  books_.sweeps[id].record = std::move(row);
  return id;
}

Job& Submitter::Insert(Job job, std::string key, std::string config_json) {
  job.id = JobId{++books_.last_job_id};
  job.sweep = sweep_;
  job.queue = sweep_;
  job.key = *DigestFromHex(key);
  const JobPhase phase = job::PhaseOf(job.state);
  if (phase == JobPhase::kReady) {
    job.ready_at = batch_.now.wall;
    books_.sweeps.at(sweep_).ready[IndexOf(job.kind)].insert({job.cost_seconds, job.id});
  }
  JobRecord row;
  row.id = job.id;
  row.kind = job.kind;
  row.sweep = job.sweep;
  if (job.feature_set != FeatureSetId{}) row.feature_set = job.feature_set;
  row.key = std::move(key);
  row.config_json = std::move(config_json);
  row.phase = phase;
  row.created_at = batch_.now.wall;
  row.ready_at = job.ready_at;
  batch_.changes.push_back(PutJob{std::move(row)});
  const JobId id = job.id;
  return books_.jobs.emplace(id, std::move(job)).first->second;
}

JobId Submitter::ShardJobFor(const NamedFeatureSpec& spec, const ShardPlan& plan,
                             std::int64_t first_track) {
  const auto known = books_.shard_by_key.find(*DigestFromHex(plan.key));
  if (known != books_.shard_by_key.end()) return known->second;
  std::string config_json =
      ShardConfig(spec.json, plan, first_track, submit_.manifest.in_place_root);
  Result<ShardTracks> tracks = ParseShardConfig(config_json);
  TUTTI_CHECK(tracks.ok(), "a manifest's content hash is none");
  Job job;
  job.kind = JobKind::kPreprocess;
  job.cost_seconds = static_cast<float>(plan.content_hashes.size());
  job.state = job::Ready{};
  const Job& made = Insert(std::move(job), plan.key, std::move(config_json));
  books_.shards[made.id].tracks = *std::move(tracks);
  books_.shard_by_key.emplace(made.key, made.id);
  ++report_.preprocess_jobs_added;
  return made.id;
}

FeatureSetId Submitter::FeatureSetFor(const NamedFeatureSpec& spec) {
  if (const auto* known = books_.FindFeatureSet(submit_.dataset_version, spec.hash)) {
    return known->record.id;
  }
  FeatureSet set;
  const std::size_t block = books_.options.tracks_per_shard;
  std::int64_t first_track = 0;
  for (const ShardPlan& plan : PlanShards(submit_.manifest, spec.hash, block)) {
    const JobId shard_job = ShardJobFor(spec, plan, first_track);
    first_track += static_cast<std::int64_t>(block);
    set.record.shard_jobs.push_back(shard_job);
  }
  set.record.id = FeatureSetId{++books_.last_feature_set_id};
  set.record.dataset_version = submit_.dataset_version;
  set.record.spec_json = DumpJson(spec.json);
  set.record.spec_hash = spec.hash;
  batch_.changes.push_back(PutFeatureSet{set.record});
  const FeatureSetId id = set.record.id;
  AddFeatureSet(books_, std::move(set));
  return id;
}

void Submitter::AddRun(PlannedRun run, std::optional<FeatureSetId> set_id) {
  Job job;
  job.kind = run.kind;
  job.feature_set = set_id.value_or(FeatureSetId{});
  job.cost_seconds = run.cost_seconds;
  job.needs_gpu = run.needs_gpu;
  if (!set_id || books_.feature_sets.at(*set_id).remaining == 0) {
    job.state = job::Ready{};
  } else {
    job.state = job::Blocked{};
  }
  const Job& made = Insert(std::move(job), std::move(run.key), std::move(run.config_json));
  if (!set_id) return;
  FeatureSet& set = books_.feature_sets.at(*set_id);
  set.runs.push_back(made.id);
  set.sweeps.insert(sweep_);
}

void Submitter::Prune(const std::vector<JobId>& runs) {
  for (const JobId run : runs) {
    // Refused where it has ended, which is as good.
    (void)driver_.Drive(run, job::Cancel{}, {"its sweep file no longer names it"});
  }
  RemoveRuns(books_, batch_, runs);
  report_.runs_removed = static_cast<std::int64_t>(runs.size());
  report_.drops = batch_.drops;
}

}  // namespace

Result<SubmitReport> SubmitToBooks(Books& books, Batch& batch, JobDriver& driver,
                                   const SubmitSweep& submit) {
  if (!submit.spec.dataset.empty() && !books.datasets.contains(submit.spec.dataset)) {
    return Error{ErrorCode::kAborted, "dataset " + submit.spec.dataset +
                                          " was deleted while this was submitted; add it again"};
  }
  TUTTI_ASSIGN_OR_RETURN(SubmitPlan plan, PlanSubmit(books, submit));
  if (submit.mode == SubmitMode::kDryRun) {
    SubmitReport report = ReportOf(plan, submit.prune);
    if (plan.existing != nullptr) report.sweep = plan.existing->record.id;
    report.preprocess_jobs_added = CountNewShards(books, submit, plan);
    return report;
  }
  return Submitter(books, batch, driver, submit).Carry(std::move(plan));
}

}  // namespace tutti
