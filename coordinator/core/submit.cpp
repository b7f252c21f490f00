#include "coordinator/core/submit.h"

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

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
  for (const std::uint32_t index : plan.needed_specs) {
    const NamedFeatureSpec& spec = plan.specs[index];
    if (books.FindFeatureSet(submit.dataset_version, spec.hash) != nullptr) continue;
    for (ShardPlan& shard :
         PlanShards(submit.manifest, spec.hash, books.options.tracks_per_shard)) {
      if (!books.shard_by_key.contains(*DigestFromHex(shard.key)))
        keys.insert(std::move(shard.key));
    }
  }
  return static_cast<std::int64_t>(keys.size());
}

}  // namespace

// What is left to add of a submit, and how far it is.
struct PendingSubmit {
  std::shared_ptr<const SubmitSweep> submit;
  SubmitPlan plan;
  SubmitReport report;
  std::vector<std::optional<FeatureSetId>> sets;  // by index of plan.specs
  std::size_t sets_added = 0;                     // of plan.needed_specs
  std::size_t runs_added = 0;                     // of plan.added

  // At most so many jobs are to be added, shards that are there already included.
  std::size_t JobsToAdd(std::size_t tracks_per_shard) const {
    const std::size_t shards = submit->manifest.tracks.size() / tracks_per_shard + 1;
    return plan.needed_specs.size() * shards + plan.added.size();
  }
  bool is_whole() const {
    return sets_added == plan.needed_specs.size() && runs_added == plan.added.size();
  }
};

namespace {

class Submitter {
 public:
  Submitter(Books& books, Batch& batch, JobDriver& driver, PendingSubmit& pending)
      : books_(books),
        batch_(batch),
        driver_(driver),
        pending_(pending),
        submit_(*pending.submit),
        report_(pending.report) {}

  // All of it in this batch.
  void Carry() {
    StoreSweep();
    AddJobs(pending_.JobsToAdd(books_.options.tracks_per_shard));
    End();
  }
  // The sweep is kExpanding from now on.
  void Begin();
  void AddJobs(std::size_t at_most);
  // Once all are there: the sweep is what its file says.
  void Finish() {
    StoreSweep();
    End();
  }

 private:
  void StoreSweep();
  SweepRecord NewSweep();
  void TakeFile(SweepRecord& row) const;
  void End();
  FeatureSetId FeatureSetFor(const NamedFeatureSpec& spec);
  JobId ShardJobFor(const NamedFeatureSpec& spec, const ShardPlan& plan, std::int64_t first_track);
  void AddRun(PlannedRun run);
  void Prune(const std::vector<JobId>& runs);
  Job& Insert(Job job, std::string key, std::string config_json);

  Books& books_;
  Batch& batch_;
  JobDriver& driver_;
  PendingSubmit& pending_;
  const SubmitSweep& submit_;
  SubmitReport& report_;
};

void Submitter::Begin() {
  const Sweep* existing = pending_.plan.existing;
  SweepRecord row = existing != nullptr ? existing->record : NewSweep();
  row.expansion = Expansion{JobId{books_.last_job_id}, {}};
  if (existing != nullptr) {
    row.expansion->before = row.state;
  } else {
    TakeFile(row);
  }
  row.state = SweepState::kExpanding;
  report_.sweep = row.id;
  batch_.changes.push_back(PutSweep{row});
  books_.sweeps[row.id].record = std::move(row);
}

void Submitter::AddJobs(std::size_t at_most) {
  const SubmitPlan& plan = pending_.plan;
  const std::int64_t until = books_.last_job_id + static_cast<std::int64_t>(at_most);
  pending_.sets.resize(plan.specs.size());
  while (pending_.sets_added < plan.needed_specs.size() && books_.last_job_id < until) {
    const std::uint32_t spec = plan.needed_specs[pending_.sets_added++];
    pending_.sets[spec] = FeatureSetFor(plan.specs[spec]);
  }
  if (pending_.sets_added < plan.needed_specs.size()) return;
  while (pending_.runs_added < plan.added.size() && books_.last_job_id < until) {
    AddRun(std::move(pending_.plan.added[pending_.runs_added++]));
  }
}

void Submitter::End() {
  if (submit_.prune) Prune(pending_.plan.no_longer_named);
  RequeueShards(books_, report_.sweep);
}

SweepRecord Submitter::NewSweep() {
  SweepRecord row;
  row.id = SweepId{++books_.last_sweep_id};
  row.name = submit_.spec.name;
  row.dataset = submit_.spec.dataset;
  row.dataset_version = submit_.dataset_version;
  row.created_at = batch_.now.wall;
  return row;
}

void Submitter::TakeFile(SweepRecord& row) const {
  row.source = submit_.source;
  row.spec_json = DumpJson(ToJson(submit_.spec));
  row.priority = submit_.spec.operational.priority;
  row.max_attempts = submit_.spec.operational.max_attempts;
  row.time_limit_ms = submit_.spec.operational.time_limit_ms;
}

void Submitter::StoreSweep() {
  const auto there = books_.sweeps.find(report_.sweep);
  const Sweep* sweep = there != books_.sweeps.end() ? &there->second : pending_.plan.existing;
  SweepRecord row = sweep != nullptr ? sweep->record : NewSweep();
  const SweepRecord before = row;
  TakeFile(row);
  if (row.expansion) {
    row.state = row.expansion->before.value_or(SweepState::kActive);
    row.expansion.reset();
  }
  report_.sweep = row.id;
  if (sweep == nullptr || row != before) {
    batch_.changes.push_back(PutSweep{row});
    EventRecord event;
    event.kind = report_.created ? "sweep_submitted" : "sweep_changed";
    event.sweep = row.id;
    event.detail = std::to_string(report_.runs_added) + " runs added";
    batch_.Event(std::move(event));
  }
  books_.sweeps[row.id].record = std::move(row);
}

Job& Submitter::Insert(Job job, std::string key, std::string config_json) {
  job.id = JobId{++books_.last_job_id};
  job.sweep = report_.sweep;
  job.queue = report_.sweep;
  const JobPhase phase = job::PhaseOf(job.state);
  if (phase == JobPhase::kReady) {
    job.ready_at = batch_.now.wall;
    books_.Enqueue(job);
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
  job.key = *DigestFromHex(plan.key);
  job.cost = static_cast<float>(plan.content_hashes.size());
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

void Submitter::AddRun(PlannedRun run) {
  const std::optional<FeatureSetId> set_id = run.spec ? pending_.sets[*run.spec] : std::nullopt;
  // Who submits new work wants it tried.
  if (set_id && books_.feature_sets.at(*set_id).failed > 0) RetryShards(books_, driver_, *set_id);
  Job job;
  job.kind = run.kind;
  job.feature_set = set_id.value_or(FeatureSetId{});
  job.cost = run.cost;
  if (run.work) job.work = books_.times.WorkOf(pending_.plan.works[*run.work]);
  job.needs_gpu = run.needs_gpu;
  job.key = run.key;
  if (!set_id || books_.feature_sets.at(*set_id).remaining == 0) {
    job.state = job::Ready{};
  } else {
    job.state = job::Blocked{};
  }
  const Job& made = Insert(std::move(job), ToHex(run.key), std::move(run.config_json));
  if (!set_id) return;
  FeatureSet& set = books_.feature_sets.at(*set_id);
  set.runs.push_back(made.id);
  set.sweeps.insert(report_.sweep);
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

Status MaySubmit(Books& books, const SubmitSweep& submit) {
  if (const Sweep* existing = books.FindSweep(submit.spec.name); existing != nullptr) {
    TUTTI_RETURN_IF_ERROR(books.MayChange(*existing));
  }
  if (submit.spec.dataset.empty() || books.datasets.contains(submit.spec.dataset)) return {};
  return Error{ErrorCode::kAborted, "dataset " + submit.spec.dataset +
                                        " was deleted while this was submitted; add it again"};
}

}  // namespace

Result<SubmitReport> SubmitToBooks(Books& books, Batch& batch, JobDriver& driver,
                                   const SubmitSweep& submit) {
  TUTTI_RETURN_IF_ERROR(MaySubmit(books, submit));
  TUTTI_ASSIGN_OR_RETURN(SubmitPlan plan, PlanSubmit(books, submit));
  SubmitReport report = ReportOf(plan, submit.prune);
  if (submit.mode == SubmitMode::kDryRun) {
    if (plan.existing != nullptr) report.sweep = plan.existing->record.id;
    report.preprocess_jobs_added = CountNewShards(books, submit, plan);
    return report;
  }
  auto pending = std::make_shared<PendingSubmit>();
  pending->submit = {std::shared_ptr<const SubmitSweep>(), &submit};  // as long as this call lasts
  pending->plan = std::move(plan);
  pending->report = std::move(report);
  Submitter submitter(books, batch, driver, *pending);
  if (pending->JobsToAdd(books.options.tracks_per_shard) <= submit.jobs_at_once) {
    submitter.Carry();
    return std::move(pending->report);
  }
  submitter.Begin();
  // From now on it owns what it needs, and looks the sweep up.
  pending->submit = std::make_shared<SubmitSweep>(submit);
  pending->plan.existing = nullptr;
  books.submits[pending->report.sweep] = pending;
  return ContinueSubmitToBooks(books, batch, driver, pending->report.sweep, submit.jobs_at_once);
}

Result<SubmitReport> ContinueSubmitToBooks(Books& books, Batch& batch, JobDriver& driver,
                                           SweepId sweep, std::size_t jobs_at_once) {
  const auto found = books.submits.find(sweep);
  if (found == books.submits.end()) {
    return Unavailable(
        "this submit broke off, since something could not be stored, and is being "
        "undone; submit it again in a moment");
  }
  const std::shared_ptr<PendingSubmit> pending = found->second;
  Submitter submitter(books, batch, driver, *pending);
  submitter.AddJobs(jobs_at_once);
  pending->report.is_unfinished = !pending->is_whole();
  if (pending->is_whole()) {
    submitter.Finish();
    books.submits.erase(sweep);
  }
  return pending->report;
}

}  // namespace tutti
