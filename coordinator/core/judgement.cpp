#include "coordinator/core/judgement.h"

#include <string>
#include <utility>

namespace tutti {
namespace {

// The GPU where there is one, else the worker itself.
WorkerHealth& HealthOf(Worker& worker, const std::string& device) {
  const auto gpu = worker.gpu_health.find(device);
  return gpu == worker.gpu_health.end() ? worker.health : gpu->second;
}

std::string PlaceName(const Worker& worker, const WorkerHealth& health) {
  for (const auto& [device, gpu] : worker.gpu_health) {
    if (&gpu == &health) return device + " of " + worker.record.name;
  }
  return worker.record.name;
}

void Log(Batch& batch, std::string_view kind, const Worker& worker, std::string detail) {
  EventRecord event;
  event.kind = kind;
  event.worker = worker.record.id;
  event.detail = std::move(detail);
  batch.Event(std::move(event));
}

void LogSetAside(Batch& batch, const Worker& worker, const WorkerHealth& health) {
  const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(PauseOf(health.times));
  Log(batch, "worker_set_aside", worker,
      PlaceName(worker, health) + " gets no work for " + std::to_string(minutes.count()) +
          " min, then one job: attempts failed there in a row while others went well elsewhere; "
          "the last: " +
          health.reason);
}

void TellOfSuccess(Books& books, Batch& batch, const Worker& worker, const WorkerHealth& health) {
  for (auto& [id, other] : books.workers) {
    const auto tell = [&](WorkerHealth& of) {
      if (&of != &health && NoteSuccessElsewhere(of, batch.now)) LogSetAside(batch, other, of);
    };
    if (&other != &worker) tell(other.health);
    for (auto& [device, gpu] : other.gpu_health) tell(gpu);
  }
}

// When the oldest live attempt on another place was granted.
std::optional<UnixMillis> RunsElsewhereSince(Books& books, const WorkerHealth& health) {
  std::optional<UnixMillis> since;
  for (const auto& [key, attempt] : books.attempts) {
    if (!attempt.IsLive() || (since && attempt.row.granted_at >= *since)) continue;
    Worker& worker = books.workers.at(attempt.row.worker);
    if (&HealthOf(worker, attempt.row.device) != &health) since = attempt.row.granted_at;
  }
  return since;
}

}  // namespace

void JudgeWorker(Books& books, Batch& batch, const AttemptRecord& attempt) {
  Worker& worker = books.workers.at(attempt.worker);
  WorkerHealth& health = HealthOf(worker, attempt.device);
  if (attempt.outcome == AttemptOutcome::kSucceeded) {
    for (WorkerHealth* of : {&health, &worker.health}) {
      const std::string name = PlaceName(worker, *of);
      if (NoteSuccess(*of)) Log(batch, "worker_trusted_again", worker, name + ": a job succeeded");
    }
    return TellOfSuccess(books, batch, worker, health);
  }
  if (attempt.outcome != AttemptOutcome::kFailed || !attempt.failure) return;
  if (!TellsOfPlace(*attempt.failure)) return;
  const std::string reason = "job " + std::to_string(attempt.job.value) + " " +
                             std::string(Name(*attempt.failure)) + ": " + attempt.message;
  if (NoteFailure(health, {attempt.job, attempt.granted_at}, reason,
                  RunsElsewhereSince(books, health), batch.now)) {
    LogSetAside(batch, worker, health);
  }
}

std::vector<SetAside> SetAsideOf(const Worker& worker) {
  std::vector<SetAside> all;
  const auto add = [&](const std::string& device, const WorkerHealth& health) {
    if (health.until) all.push_back({device, health.reason, health.until_wall, health.times});
  };
  add("", worker.health);
  for (const auto& [device, health] : worker.gpu_health) add(device, health);
  return all;
}

void TakeDevices(Worker& worker, const std::vector<std::string>& devices) {
  worker.devices = devices;
  std::map<std::string, WorkerHealth> known = std::exchange(worker.gpu_health, {});
  for (const std::string& device : devices) {
    const auto found = known.find(device);
    worker.gpu_health[device] = found == known.end() ? WorkerHealth{} : std::move(found->second);
  }
}

}  // namespace tutti
