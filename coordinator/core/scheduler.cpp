#include "coordinator/core/scheduler.h"

#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include "common/check.h"

namespace tutti {
namespace {

constexpr JobKind kOrder[] = {JobKind::kPreprocess, JobKind::kTrain, JobKind::kCommand};

// The job of this sweep that comes next on such a worker.
std::optional<JobId> NextOf(const Sweep& sweep, const Worker& worker) {
  for (const JobKind kind : kOrder) {
    const auto& queue = sweep.ready[IndexOf(kind)];
    if (worker.offers[IndexOf(kind)] && !queue.empty()) return queue.begin()->id;
  }
  return std::nullopt;
}

std::optional<JobId> NextFor(const Books& books, const Worker& worker) {
  std::optional<JobId> best;
  std::pair<std::int64_t, std::int64_t> best_rank;  // (−priority, live leases): lowest first
  for (const auto& [id, sweep] : books.sweeps) {
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

}  // namespace

std::vector<Grant> GrantReadyJobs(Books& books, const Batch& batch, JobDriver& driver) {
  // Most free slots first, then by id, so that the same state gives the same grants.
  std::set<std::pair<std::int64_t, WorkerId>> free;
  for (const auto& [id, worker] : books.workers) {
    const std::int64_t slots = worker.AvailableSlots();
    if (worker.connected && !worker.draining && slots > 0) free.insert({-slots, id});
  }
  std::vector<Grant> grants;
  while (!free.empty()) {
    const auto [minus_slots, id] = *free.begin();
    free.erase(free.begin());
    const auto next = NextFor(books, books.workers.at(id));
    if (!next) continue;
    const Status granted =
        driver.Drive(*next, job::Granted{id, batch.now.steady + books.options.lease});
    TUTTI_CHECK(granted.ok(), "a job in a ready queue was not ready");
    grants.push_back({id, {*next, job::LastAttempt(books.JobOf(*next).state)}});
    if (minus_slots + 1 < 0) free.insert({minus_slots + 1, id});
  }
  return grants;
}

}  // namespace tutti
