#include "coordinator/core/submit_plan.h"

#include <algorithm>
#include <memory>
#include <unordered_map>
#include <utility>

#include "common/duration.h"

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

// What of the planned runs is new.
void TakeRuns(RunPlan& runs, RunsByKey there, SubmitPlan& plan) {
  plan.runs_planned = std::ssize(runs.runs);
  plan.added = std::move(runs.runs);
  plan.specs = runs.specs;
  plan.works = runs.works;
  if (!there.empty()) {
    std::erase_if(plan.added, [&](const PlannedRun& run) { return there.erase(run.key) > 0; });
  }
  plan.runs_already_there = plan.runs_planned - std::ssize(plan.added);
  std::vector<bool> is_needed(plan.specs.size());
  for (const PlannedRun& run : plan.added) {
    if (!run.spec || is_needed[*run.spec]) continue;
    is_needed[*run.spec] = true;
    plan.needed_specs.push_back(*run.spec);
  }
  for (const auto& [key, id] : there) plan.no_longer_named.push_back(id);
  std::ranges::sort(plan.no_longer_named);
}

}  // namespace

Result<SubmitPlan> PlanSubmit(Books& books, const SubmitSweep& submit) {
  SubmitPlan plan;
  plan.existing = books.FindSweep(submit.spec.name);
  RunsByKey there;
  if (plan.existing != nullptr) {
    TUTTI_ASSIGN_OR_RETURN(const SweepSpec before, StoredSpec(*plan.existing));
    TUTTI_RETURN_IF_ERROR(MayFollow(*plan.existing, before, submit));
    plan.notes = OperationalChanges(before.operational, submit.spec.operational);
    there = RunsOf(books, plan.existing->record.id);
  }
  std::shared_ptr<RunPlan> runs = submit.runs;
  if (runs == nullptr) {
    TUTTI_ASSIGN_OR_RETURN(runs, PlanRuns(submit.spec, submit.dataset_version, submit.manifest));
  }
  TakeRuns(*runs, std::move(there), plan);
  return plan;
}

}  // namespace tutti
