#include "coordinator/core/books.h"

#include <algorithm>

#include "common/check.h"

namespace tutti {

std::int64_t Worker::AvailableSlots() const {
  const auto in_flight =
      std::ranges::count_if(live, [&](const AttemptKey& key) { return !held.contains(key); });
  return static_cast<std::int64_t>(free_slots) - in_flight;
}

Job& Books::JobOf(JobId id) {
  const auto found = jobs.find(id);
  TUTTI_CHECK(found != jobs.end(), "no job " + std::to_string(id.value));
  return found->second;
}

const Job& Books::JobOf(JobId id) const {
  const auto found = jobs.find(id);
  TUTTI_CHECK(found != jobs.end(), "no job " + std::to_string(id.value));
  return found->second;
}

Sweep* Books::FindSweep(const std::string& name) {
  for (auto& [id, sweep] : sweeps) {
    if (sweep.record.name == name) return &sweep;
  }
  return nullptr;
}

FeatureSet* Books::FindFeatureSet(const std::string& dataset_version,
                                  const std::string& spec_hash) {
  for (auto& [id, set] : feature_sets) {
    if (set.record.dataset_version == dataset_version && set.record.spec_hash == spec_hash) {
      return &set;
    }
  }
  return nullptr;
}

OpenAttempt* Books::FindAttempt(const AttemptKey& key) {
  const auto found = attempts.find(key);
  return found == attempts.end() ? nullptr : &found->second;
}

bool Books::IsQueued(const Job& job) const {
  const ReadyQueue& queue = sweeps.at(job.queue).ready[IndexOf(job.kind)];
  return queue.Contains(job.work, job.cost, job.id);
}

void Books::Enqueue(const Job& job) {
  sweeps.at(job.queue).ready[IndexOf(job.kind)].Insert(job.work, job.cost, job.id, times);
}

void Books::Dequeue(const Job& job) {
  sweeps.at(job.queue).ready[IndexOf(job.kind)].Erase(job.work, job.cost, job.id);
}

void Books::LearnTime(const Job& job, const AttemptRecord& attempt, double seconds) {
  const auto worker = workers.find(attempt.worker);
  if (worker == workers.end()) return;
  const std::string where = ClassOfWorker(attempt.device, worker->second.record.cores);
  if (!times.Learn(job.work, where, job.cost, seconds)) return;
  for (auto& [id, sweep] : sweeps) sweep.ready[IndexOf(JobKind::kTrain)].Reorder(times);
}

job::Limits Books::LimitsOf(const Job& job) const {
  const auto max_attempts = static_cast<std::int32_t>(sweeps.at(job.sweep).record.max_attempts);
  return {.max_attempts = max_attempts,
          .worker_lost = std::max(options.worker_lost_limit, max_attempts)};
}

SweepId Books::SponsorOf(const Job& shard_job) const {
  const auto rank = [this](SweepId sweep) {
    const SweepRecord& record = sweeps.at(sweep).record;
    return std::pair(record.state == SweepState::kActive, record.priority);
  };
  std::optional<SweepId> best;
  for (const FeatureSetId set : shards.at(shard_job.id).sets) {
    for (const SweepId sweep : feature_sets.at(set).sweeps) {
      if (!best || rank(sweep) > rank(*best)) best = sweep;
    }
  }
  return best.value_or(shard_job.sweep);
}

Status Books::MayChange(const Sweep& sweep) const {
  if (!sweep.record.expansion) return {};
  const bool is_undone = left_over.contains(sweep.record.id);
  return Unavailable("sweep " + sweep.record.name + ": " +
                     (is_undone ? "a submit that broke off is being undone"
                                : "the runs of a submit are still being added") +
                     "; ask again in a moment");
}

void Batch::Event(EventRecord row) {
  row.at = now.wall;
  changes.push_back(AppendEvent{std::move(row)});
}

void FlushAttempts(const Books& books, Batch& batch) {
  for (const AttemptKey& key : batch.touched) {
    const auto found = books.attempts.find(key);
    if (found != books.attempts.end()) batch.changes.push_back(PutAttempt{found->second.row});
  }
  batch.touched.clear();
}

}  // namespace tutti
