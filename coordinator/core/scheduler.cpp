#include "coordinator/core/scheduler.h"

#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include "common/check.h"
#include "coordinator/core/fitness.h"

namespace tutti {
namespace {

constexpr JobKind kOrder[] = {JobKind::kPreprocess, JobKind::kTrain, JobKind::kCommand};

struct Choice {
  JobId job;
  bool holds_features = false;  // the worker has what it reads
};

// A worker that may take jobs: GPUs first, then most free slots, then by id, so that the same state
// gives the same grants.
using Candidate = std::tuple<bool, std::int64_t, WorkerId>;

class Scheduler {
 public:
  Scheduler(Books& books, const Batch& batch, JobDriver& driver)
      : books_(books), now_(batch.now.steady), driver_(driver) {}

  std::vector<Grant> GrantAll() {
    for (const bool has_gpu : {true, false}) {
      std::set<Candidate> free = FreeWorkers(has_gpu);
      std::set<Candidate> rest = GrantWhile(std::move(free), /*only_holders=*/true);
      GrantWhile(std::move(rest), /*only_holders=*/false);
    }
    return std::move(grants_);
  }

 private:
  // A queue, and what says of a worker whether it can do any of it: its folders, a GPU.
  using ReachKey = std::tuple<const ReadyQueue*, std::set<std::string>, bool>;
  static ReachKey Reach(const ReadyQueue& queue, const Worker& worker) {
    return {&queue, worker.data_roots, !worker.gpu_health.empty()};
  }

  std::set<Candidate> FreeWorkers(bool has_gpu) const {
    std::set<Candidate> free;
    for (const auto& [id, worker] : books_.workers) {
      if (worker.gpu_health.empty() == has_gpu) continue;
      if (ObstacleOf(worker, now_) != Obstacle::kNone) continue;
      free.insert({!has_gpu, -worker.AvailableSlots(), id});
    }
    return free;
  }

  // Returns those who did not take what was next for them, because they do not hold its features.
  std::set<Candidate> GrantWhile(std::set<Candidate> free, bool only_holders) {
    std::set<Candidate> passed;
    while (!free.empty()) {
      auto [no_gpu, minus_slots, id] = *free.begin();
      free.erase(free.begin());
      const Worker& worker = books_.workers.at(id);
      const auto next = NextFor(worker);
      if (!next) continue;
      if (only_holders && !next->holds_features) {
        passed.insert({no_gpu, minus_slots, id});
        continue;
      }
      Give(next->job, worker);
      if (ObstacleOf(worker, now_) == Obstacle::kNone) free.insert({no_gpu, minus_slots + 1, id});
    }
    return passed;
  }

  std::optional<Choice> NextFor(const Worker& worker) {
    std::optional<Choice> best;
    std::pair<std::int64_t, std::int64_t> best_rank;  // (−priority, live leases): lowest first
    for (const auto& [id, sweep] : books_.sweeps) {
      if (sweep.record.state != SweepState::kActive) continue;
      const std::pair rank{-sweep.record.priority, sweep.live};
      if (best && rank >= best_rank) continue;
      if (const auto next = NextOf(sweep, worker)) {
        best = next;
        best_rank = rank;
      }
    }
    return best;
  }

  // The job of this sweep that comes next on such a worker.
  std::optional<Choice> NextOf(const Sweep& sweep, const Worker& worker) {
    for (const JobKind kind : kOrder) {
      if (!worker.offers[IndexOf(kind)]) continue;
      if (const auto next = NextIn(sweep.ready[IndexOf(kind)], worker)) return next;
    }
    return std::nullopt;
  }

  std::optional<Choice> NextIn(const ReadyQueue& queue, const Worker& worker) {
    if (out_of_reach_.contains(Reach(queue, worker))) return std::nullopt;
    std::optional<Choice> first;
    std::size_t looked_at = 0;
    std::size_t out_of_reach = 0;
    for (const JobId id : queue) {
      const Job& job = books_.JobOf(id);
      const Obstacle obstacle = ObstacleFor(books_, job, worker, now_);
      // The same for all of them: a queue is of one kind.
      if (obstacle == Obstacle::kGpusSetAside) return std::nullopt;
      out_of_reach += obstacle == Obstacle::kDataRoot || obstacle == Obstacle::kNoGpu;
      if (obstacle != Obstacle::kNone) continue;
      if (HoldsFeatures(books_, job, worker)) return Choice{job.id, true};
      if (!first) first = Choice{job.id, false};
      // Others could not be held where nothing is.
      const bool may_hold = job.feature_set != FeatureSetId{} && !worker.cached.empty();
      if (++looked_at == kLookedAtForShards || !may_hold) break;
    }
    if (out_of_reach > 0 && out_of_reach == queue.size()) {
      out_of_reach_.insert(Reach(queue, worker));
    }
    return first;
  }

  void Give(JobId id, const Worker& worker) {
    const WorkerId& worker_id = worker.record.id;
    DevicePlace place = PlaceOn(books_, books_.JobOf(id), worker, now_);
    const Status granted = driver_.Drive(id, job::Granted{worker_id, now_ + books_.options.lease},
                                         {.message = "", .device = place.device});
    TUTTI_CHECK(granted.ok(), "a job in a ready queue was not ready");
    const AttemptKey key{id, job::LastAttempt(books_.JobOf(id).state)};
    grants_.push_back({worker_id, key, std::move(place.device), std::move(place.avoided)});
  }

  Books& books_;
  const SteadyTime now_;
  JobDriver& driver_;
  std::vector<Grant> grants_;
  // Queues all of whose jobs such workers cannot do, so that each is walked once for all of them.
  std::set<ReachKey> out_of_reach_;
};

}  // namespace

std::vector<Grant> GrantReadyJobs(Books& books, const Batch& batch, JobDriver& driver) {
  return Scheduler(books, batch, driver).GrantAll();
}

}  // namespace tutti
