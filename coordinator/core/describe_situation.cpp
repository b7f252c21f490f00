#include "coordinator/core/describe_situation.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <tuple>
#include <utility>

#include "coordinator/core/feature_flow.h"
#include "coordinator/core/fitness.h"
#include "coordinator/core/judgement.h"

namespace tutti {
namespace {

void AddShards(const Books& books, const Job& job, JobSituation& situation) {
  if (job.feature_set == FeatureSetId{}) return;
  const FeatureSet& set = books.feature_sets.at(job.feature_set);
  situation.shards = static_cast<std::int64_t>(set.shard_count);
  situation.shards_to_come = set.remaining;
  for (const JobId id : set.record.shard_jobs) {
    const JobPhase phase = job::PhaseOf(books.JobOf(id).state);
    if (!CountsAsRemaining(phase)) continue;
    std::optional<JobId>& first =
        CountsAsFailed(phase) ? situation.failed_shard : situation.next_shard;
    if (!first) first = id;
  }
}

void AddQueue(const Books& books, const Job& job, JobSituation& situation) {
  const Sweep& own = books.sweeps.at(job.queue);
  for (const auto& [id, sweep] : books.sweeps) {
    if (sweep.record.state != SweepState::kActive) continue;
    if (sweep.record.priority <= own.record.priority) continue;
    std::int64_t ready = 0;
    for (const auto& queue : sweep.ready) ready += static_cast<std::int64_t>(queue.size());
    if (ready == 0) continue;
    situation.higher_ready += ready;
    if (!situation.higher_sweep.empty() && sweep.record.priority <= situation.higher_priority) {
      continue;
    }
    situation.higher_sweep = sweep.record.name;
    situation.higher_priority = sweep.record.priority;
  }
  const auto& queue = own.ready[IndexOf(job.kind)];
  situation.ready_before = static_cast<std::int64_t>(queue.CountBefore(job.work, job.cost, job.id));
  if (job.kind == JobKind::kPreprocess) return;
  situation.ready_before +=
      static_cast<std::int64_t>(own.ready[IndexOf(JobKind::kPreprocess)].size());
}

// What failed where the obstacle is that something did.
void AddDetail(const Worker& worker, WorkerFit& fit) {
  const bool told = fit.obstacle == Obstacle::kSetAside || fit.obstacle == Obstacle::kOnTrial ||
                    fit.obstacle == Obstacle::kGpusSetAside;
  if (!told) return;
  for (const SetAside& place : SetAsideOf(worker)) {
    if (place.device.empty() == (fit.obstacle == Obstacle::kGpusSetAside)) continue;
    fit.detail += (fit.detail.empty() ? "" : "; ") +
                  (place.device.empty() ? "" : place.device + ": ") + place.reason;
    fit.until = std::max(fit.until, place.until);
  }
}

}  // namespace

Result<JobSituation> DescribeSituation(const Books& books, JobId id, SteadyTime now) {
  const auto found = books.jobs.find(id);
  if (found == books.jobs.end()) {
    return NotFound("no job " + std::to_string(id.value) +
                    "; tutti jobs SWEEP shows what there is");
  }
  const Job& job = found->second;
  const SweepRecord& sweep = books.sweeps.at(job.queue).record;
  JobSituation situation;
  situation.id = id;
  situation.kind = job.kind;
  situation.phase = job::PhaseOf(job.state);
  situation.sweep = sweep.name;
  situation.sweep_state = sweep.state;
  situation.priority = sweep.priority;
  situation.max_attempts = books.LimitsOf(job).max_attempts;
  situation.data_root = DataRootOf(books, job);
  AddShards(books, job, situation);
  if (situation.phase != JobPhase::kReady) return situation;
  AddQueue(books, job, situation);
  for (const auto& [worker_id, worker] : books.workers) {
    WorkerFit fit{worker_id, worker.record.name, ObstacleFor(books, job, worker, now), "", {}};
    AddDetail(worker, fit);
    situation.workers.push_back(std::move(fit));
  }
  std::ranges::sort(situation.workers, {},
                    [](const WorkerFit& fit) { return std::tie(fit.name, fit.id); });
  return situation;
}

}  // namespace tutti
