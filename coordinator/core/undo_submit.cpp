#include "coordinator/core/undo_submit.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "common/check.h"
#include "coordinator/core/sweep_life.h"

namespace tutti {
namespace {

// Shards that wait under this sweep's name, and for which no run does.
std::vector<JobId> ShardsNobodyAwaits(const Books& books, SweepId sweep) {
  std::map<FeatureSetId, bool> is_awaited;
  for (const auto& [id, set] : books.feature_sets) {
    is_awaited[id] = std::ranges::any_of(set.runs, [&](JobId run) {
      return job::PhaseOf(books.JobOf(run).state) == JobPhase::kBlocked;
    });
  }
  std::vector<JobId> shards;
  for (const auto& [id, shard] : books.shards) {
    const Job& job = books.JobOf(id);
    if (job.queue != sweep || job::PhaseOf(job.state) != JobPhase::kReady) continue;
    if (std::ranges::any_of(shard.sets, [&](FeatureSetId set) { return is_awaited.at(set); })) {
      continue;
    }
    shards.push_back(id);
  }
  return shards;
}

// All its runs are gone: the sweep is what it was, or, where there was none, as one that was
// deleted.
void RestoreSweep(Books& books, Batch& batch, JobDriver& driver, SweepId id) {
  for (const JobId shard : ShardsNobodyAwaits(books, id)) {
    const Status cancelled = driver.Drive(shard, job::Cancel{}, {"nobody waits for it"});
    TUTTI_CHECK(cancelled.ok(), "a shard that waits could not be cancelled");
  }
  SweepRecord& row = books.sweeps.at(id).record;
  EventRecord event;
  event.kind = "submit_undone";
  event.sweep = id;
  event.detail = row.name + ": the submit broke off; submit it again";
  if (row.expansion->before) {
    row.state = *row.expansion->before;
  } else {
    row.name += "#" + std::to_string(id.value);
    row.state = SweepState::kDeleted;
    row.source.clear();
  }
  row.expansion.reset();
  batch.changes.push_back(PutSweep{row});
  batch.Event(std::move(event));
  RequeueShards(books, id);
}

}  // namespace

void FindLeftOver(Books& books) {
  for (const auto& [id, sweep] : books.sweeps) {
    if (sweep.record.expansion) books.left_over[id];
  }
  if (books.left_over.empty()) return;
  for (const auto& [id, job] : books.jobs) {
    const auto found = books.left_over.find(job.sweep);
    if (found == books.left_over.end() || job.kind == JobKind::kPreprocess) continue;
    if (id > books.sweeps.at(job.sweep).record.expansion->after) found->second.push_back(id);
  }
  for (auto& [id, runs] : books.left_over) std::ranges::sort(runs);
}

void UndoSomeOfSubmits(Books& books, Batch& batch, JobDriver& driver) {
  if (books.left_over.empty()) return;
  auto& [sweep, left] = *books.left_over.begin();
  const std::size_t kept = left.size() - std::min(left.size(), kRunsUndoneAtOnce);
  const std::vector<JobId> runs(left.begin() + static_cast<std::ptrdiff_t>(kept), left.end());
  left.resize(kept);
  for (const JobId run : runs) {
    // Refused where it has ended (a shard of its failed), which is as good.
    (void)driver.Drive(run, job::Cancel{}, {"its submit broke off"});
  }
  RemoveRuns(books, batch, runs);
  if (kept > 0) return;
  RestoreSweep(books, batch, driver, sweep);
  books.left_over.erase(sweep);
}

}  // namespace tutti
