#include "coordinator/core/worker_life.h"

#include <utility>
#include <vector>

#include "common/nearest_word.h"
#include "coordinator/core/judgement.h"

namespace tutti {
namespace {

// By id, else by a name that only one worker has.
Result<Worker*> FindWorker(Books& books, const std::string& name) {
  const auto by_id = books.workers.find(WorkerId{name});
  if (by_id != books.workers.end()) return &by_id->second;
  Worker* found = nullptr;
  std::string ids;
  int count = 0;
  for (auto& [id, worker] : books.workers) {
    if (worker.record.name != name) continue;
    found = &worker;
    ids += (ids.empty() ? "" : ", ") + id.value;
    ++count;
  }
  if (found == nullptr) {
    std::vector<std::string> names;
    for (const auto& [id, known] : books.workers) names.push_back(known.record.name);
    return NotFound("no worker is named \"" + name + "\"" +
                    DidYouMean(name, names, "tutti workers shows who there is"));
  }
  if (count > 1) {
    return FailedPrecondition(std::to_string(count) + " workers are named \"" + name +
                              "\"; give the id of one: " + ids);
  }
  return found;
}

}  // namespace

Result<WorkerChangeReport> ChangeWorkerInBooks(Books& books, Batch& batch, const std::string& name,
                                               WorkerChange change) {
  TUTTI_ASSIGN_OR_RETURN(Worker* const worker, FindWorker(books, name));
  const bool drain = change == WorkerChange::kDrain;
  WorkerChangeReport report;
  report.id = worker->record.id;
  report.name = worker->record.name;
  report.changed = worker->record.drained != drain;
  report.live = static_cast<std::int32_t>(worker->live.size());
  if (!report.changed) return report;
  worker->record.drained = drain;
  batch.changes.push_back(PutWorker{worker->record});
  EventRecord event;
  event.kind = drain ? "worker_drained" : "worker_undrained";
  event.worker = worker->record.id;
  event.detail = worker->record.name;
  batch.Event(std::move(event));
  return report;
}

std::int32_t ForsakeWorkerInBooks(Books& books, Batch& batch, JobDriver& driver,
                                  const WorkerId& id) {
  const auto found = books.workers.find(id);
  if (found == books.workers.end()) return 0;
  Worker& worker = found->second;
  worker.connected = false;
  const std::set<AttemptKey> live = worker.live;  // a copy: driving changes it
  for (const AttemptKey& key : live) {
    (void)driver.Drive(key.job, job::NotHeld{key.attempt},
                       {"worker " + worker.record.name + " was revoked"});
  }
  EventRecord event;
  event.kind = "worker_revoked";
  event.worker = id;
  event.detail = worker.record.name;
  batch.Event(std::move(event));
  return static_cast<std::int32_t>(live.size());
}

WorkerStatus StatusOf(const WorkerId& id, const Worker& worker) {
  WorkerStatus status;
  status.id = id;
  status.connected = worker.connected;
  status.draining = worker.draining;
  status.drained = worker.record.drained;
  status.live = {worker.live.begin(), worker.live.end()};
  status.set_aside = SetAsideOf(worker);
  for (const JobKind kind : {JobKind::kPreprocess, JobKind::kTrain, JobKind::kCommand}) {
    if (worker.offers[IndexOf(kind)]) status.kinds.push_back(kind);
  }
  status.devices = worker.devices;
  status.data_roots = {worker.data_roots.begin(), worker.data_roots.end()};
  return status;
}

}  // namespace tutti
