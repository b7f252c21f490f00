#include "coordinator/core/submit_plan.h"

#include <algorithm>
#include <map>
#include <unordered_map>
#include <utility>

#include "common/check.h"
#include "common/duration.h"
#include "coordinator/core/expected_cost.h"
#include "coordinator/core/fitness.h"
#include "coordinator/core/run_check.h"

namespace tutti {
namespace {

constexpr std::string_view kMend = "submit it under another name, or put back what it was";

std::string Lines(std::string first, const std::vector<std::string>& lines) {
  for (const std::string& line : lines) first += "\n  " + line;
  return first;
}

Result<SweepSpec> StoredSpec(const Sweep& sweep) {
  const std::string what = "the stored specification of sweep " + sweep.record.name;
  Result<Json> json = ParseJson(sweep.record.spec_json, what);
  if (!json) return DataLoss(json.error().message);
  return SweepSpecFromJson(*json);
}

Status MayFollow(const Sweep& sweep, const SweepSpec& before, const SubmitSweep& submit) {
  const std::string name = "sweep " + sweep.record.name;
  const auto differences = DifferencesOutsideGrid(before, submit.spec);
  if (!differences.empty()) {
    return FailedPrecondition(Lines(
        name + " is there already with other options outside its grid; " + std::string(kMend) + ":",
        differences));
  }
  if (sweep.record.dataset_version != submit.dataset_version) {
    return FailedPrecondition(name + " was first submitted over version " +
                              sweep.record.dataset_version + " of dataset " + sweep.record.dataset +
                              ", which is now at version " + submit.dataset_version + "; " +
                              std::string(kMend));
  }
  return {};
}

void NoteChange(std::vector<std::string>& notes, std::string_view option, const std::string& before,
                const std::string& after) {
  if (before == after) return;
  notes.push_back(std::string(option) + ": " + before + " → " + after +
                  " (for attempts not yet started)");
}

std::vector<std::string> OperationalChanges(const OperationalOptions& before,
                                            const OperationalOptions& after) {
  using std::chrono::milliseconds;
  std::vector<std::string> notes;
  NoteChange(notes, "priority", std::to_string(before.priority), std::to_string(after.priority));
  NoteChange(notes, "max_attempts", std::to_string(before.max_attempts),
             std::to_string(after.max_attempts));
  NoteChange(notes, "time_limit", FormatDuration(milliseconds(before.time_limit_ms)),
             FormatDuration(milliseconds(after.time_limit_ms)));
  NoteChange(notes, "keep_weights", before.keep_weights, after.keep_weights);
  NoteChange(notes, "resources.gpus", before.gpus, after.gpus);
  return notes;
}

using RunsByKey = std::unordered_map<Digest, JobId, DigestHash>;

RunsByKey RunsOf(const Books& books, SweepId sweep) {
  RunsByKey runs;
  for (const auto& [id, job] : books.jobs) {
    if (job.sweep == sweep && job.kind != JobKind::kPreprocess) runs.emplace(job.key, id);
  }
  return runs;
}

// Takes the runs one by one, so that a million configurations are not there twice.
Status PlanRuns(const SubmitSweep& submit, std::vector<RunSpec> runs, RunsByKey there,
                SubmitPlan& plan) {
  RunChecker checker(submit.manifest);
  std::map<std::size_t, std::size_t> index_of;  // the checker's index → that of plan.specs
  for (RunSpec& slot : runs) {
    const RunSpec run = std::move(slot);
    const bool needs_features = !submit.spec.dataset.empty();
    std::size_t checked = 0;
    if (needs_features) {
      TUTTI_ASSIGN_OR_RETURN(checked, checker.Check(run.config));
    }
    const auto digest = DigestFromHex(run.key);
    TUTTI_CHECK(digest.has_value(), "a run's key is no SHA-256");
    if (there.erase(*digest) > 0) {
      ++plan.runs_already_there;
      continue;
    }
    PlannedRun planned;
    planned.key = run.key;
    planned.digest = *digest;
    planned.config_json = DumpJson(run.config);
    if (run.config.contains("runner")) planned.kind = JobKind::kCommand;
    if (needs_features) {
      const FeatureSpec& features = checker.specs()[checked];
      const auto [index, is_new] = index_of.emplace(checked, plan.specs.size());
      if (is_new) plan.specs.push_back(NameFeatureSpec(features));
      planned.cost_seconds = ExpectedCostSeconds(run.config, features);
      planned.needs_gpu = NeedsGpu(run.config);
      planned.spec = index->second;
    }
    plan.added.push_back(std::move(planned));
  }
  plan.runs_planned = static_cast<std::int64_t>(runs.size());
  for (const auto& [key, id] : there) plan.no_longer_named.push_back(id);
  std::ranges::sort(plan.no_longer_named);
  return {};
}

}  // namespace

Result<SubmitPlan> PlanSubmit(Books& books, const SubmitSweep& submit) {
  if (submit.spec.dataset.empty() && !submit.spec.options.contains("runner")) {
    return InvalidArgument("sweep " + submit.spec.name + " names no dataset");
  }
  SubmitPlan plan;
  plan.existing = books.FindSweep(submit.spec.name);
  RunsByKey there;
  if (plan.existing != nullptr) {
    TUTTI_ASSIGN_OR_RETURN(const SweepSpec before, StoredSpec(*plan.existing));
    TUTTI_RETURN_IF_ERROR(MayFollow(*plan.existing, before, submit));
    plan.notes = OperationalChanges(before.operational, submit.spec.operational);
    there = RunsOf(books, plan.existing->record.id);
  }
  TUTTI_ASSIGN_OR_RETURN(auto runs, ExpandRuns(submit.spec, submit.dataset_version));
  TUTTI_RETURN_IF_ERROR(PlanRuns(submit, std::move(runs), std::move(there), plan));
  return plan;
}

}  // namespace tutti
