#include "coordinator/upkeep/weights_retention.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include "common/duration.h"
#include "common/json.h"

namespace tutti {
namespace {

constexpr std::string_view kScore = "f1_macro";
constexpr std::int64_t kJobsPerPage = 1'000;

std::uint64_t SizeOf(const KeptRun& run) {
  std::uint64_t bytes = 0;
  for (const ArtifactRecord& artifact : run.weights) {
    bytes += static_cast<std::uint64_t>(std::max<std::int64_t>(0, artifact.size_bytes));
  }
  return bytes;
}

// runs: oldest first.
std::set<JobId> BestOfEachCell(const std::vector<KeptRun>& runs) {
  std::map<std::pair<SweepId, std::string>, const KeptRun*> best;
  for (const KeptRun& run : runs) {
    if (!run.score) continue;
    const KeptRun*& so_far = best[{run.sweep, run.cell}];
    if (so_far == nullptr || *run.score > *so_far->score) so_far = &run;
  }
  std::set<JobId> jobs;
  for (const auto& [cell, run] : best) jobs.insert(run->job);
  return jobs;
}

Result<bool> HasEnded(SweepId sweep, StoreReader& reader) {
  TUTTI_ASSIGN_OR_RETURN(const auto counts, reader.CountRuns(sweep));
  return std::ranges::all_of(counts, [](const PhaseCount& count) {
    return count.jobs == 0 || count.phase == JobPhase::kSucceeded ||
           count.phase == JobPhase::kFailed || count.phase == JobPhase::kCancelled;
  });
}

// By job: a train run's configuration without its seed.
Result<std::map<JobId, std::string>> CellsOf(SweepId sweep, StoreReader& reader) {
  std::map<JobId, std::string> cells;
  JobFilter page{.sweep = sweep,
                 .kind = JobKind::kTrain,
                 .phases = {JobPhase::kSucceeded},
                 .limit = kJobsPerPage};
  while (true) {
    TUTTI_ASSIGN_OR_RETURN(const auto jobs, reader.Jobs(page));
    for (const JobRecord& job : jobs) {
      TUTTI_ASSIGN_OR_RETURN(Json config,
                             ParseJson(job.config_json, "job " + std::to_string(job.id.value)));
      config.erase("seed");
      cells[job.id] = DumpJson(config);
    }
    if (std::ssize(jobs) < kJobsPerPage) return cells;
    page.after = jobs.back().id;
  }
}

Status AddRunsOf(const SweepRecord& sweep, StoreReader& reader, std::vector<KeptRun>& runs) {
  TUTTI_ASSIGN_OR_RETURN(const bool has_ended, HasEnded(sweep.id, reader));
  TUTTI_ASSIGN_OR_RETURN(const auto cells, CellsOf(sweep.id, reader));
  TUTTI_ASSIGN_OR_RETURN(const auto results, reader.ResultsOf(sweep.id));
  for (const ResultRecord& result : results) {
    const auto cell = cells.find(result.job);
    if (cell == cells.end()) continue;  // a command's artifacts are its own business
    KeptRun run{result.job, sweep.id, has_ended, cell->second, {}, result.accepted_at, {}};
    const auto score = result.metrics.find(std::string(kScore));
    if (score != result.metrics.end()) run.score = score->second;
    std::ranges::copy_if(result.artifacts, std::back_inserter(run.weights),
                         [](const auto& artifact) { return artifact.removed_at == UnixMillis{}; });
    if (!run.weights.empty()) runs.push_back(std::move(run));
  }
  return {};
}

}  // namespace

std::vector<KeptRun> ChooseToForget(std::vector<KeptRun> runs, const RetentionOptions& options,
                                    UnixMillis now) {
  std::ranges::sort(runs, {},
                    [](const KeptRun& run) { return std::pair(run.accepted_at, run.job); });
  const std::set<JobId> best = BestOfEachCell(runs);
  std::uint64_t bytes = 0;
  for (const KeptRun& run : runs) bytes += SizeOf(run);
  std::vector<KeptRun> chosen;
  for (KeptRun& run : runs) {
    if (!run.sweep_has_ended || !run.score || best.contains(run.job)) continue;
    const std::int64_t age_ms = ToInt(now) - ToInt(run.accepted_at);
    const bool is_old = options.keep_for.count() > 0 && age_ms > options.keep_for.count();
    const bool is_too_much = options.quota_bytes > 0 && bytes > options.quota_bytes;
    if (!is_old && !is_too_much) continue;
    bytes -= SizeOf(run);
    chosen.push_back(std::move(run));
  }
  return chosen;
}

Result<std::vector<KeptRun>> ReadKeptRuns(StoreReader& reader) {
  TUTTI_ASSIGN_OR_RETURN(const auto sweeps, reader.Sweeps());
  std::vector<KeptRun> runs;
  for (const SweepRecord& sweep : sweeps) {
    if (sweep.state == SweepState::kDeleted) continue;
    TUTTI_RETURN_IF_ERROR(AddRunsOf(sweep, reader, runs));
  }
  return runs;
}

Changes ForgetWeights(const KeptRun& run, const RetentionOptions& options, UnixMillis now) {
  Changes changes;
  for (const ArtifactRecord& artifact : run.weights) {
    changes.push_back(MarkArtifactRemoved{run.job, artifact.name, now});
  }
  EventRecord event;
  event.at = now;
  event.kind = "weights_removed";
  event.sweep = run.sweep;
  event.job = run.job;
  event.detail = std::to_string(SizeOf(run)) + " bytes, by retention (";
  if (options.keep_for.count() > 0) {
    event.detail += "--keep-weights-for " + FormatDuration(options.keep_for);
  }
  if (options.keep_for.count() > 0 && options.quota_bytes > 0) event.detail += ", ";
  if (options.quota_bytes > 0) {
    event.detail += "--weights-quota " + std::to_string(options.quota_bytes) + "B";
  }
  event.detail += "); tutti replay " + std::to_string(run.job.value) + " trains the run again";
  changes.push_back(AppendEvent{std::move(event)});
  return changes;
}

}  // namespace tutti
