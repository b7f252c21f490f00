#include "coordinator/core/session.h"

#include <algorithm>
#include <utility>

#include "coordinator/core/feature_places.h"
#include "coordinator/core/judgement.h"

namespace tutti {
namespace {

void TakeHello(const Books& books, Worker& worker, Batch& batch, const WorkerFrame& frame) {
  const WorkerHello& hello = *frame.hello;
  WorkerRecord& row = worker.record;
  if (row.id.value.empty()) {
    row.id = frame.worker;
    row.first_seen = batch.now.wall;
  }
  row.name = hello.name;
  row.host = hello.host;
  row.version = hello.version;
  row.slots = hello.slots;
  row.cores = hello.cores;
  row.last_seen = batch.now.wall;
  worker.session = frame.session;
  worker.connected = true;
  worker.offers.fill(false);
  for (const JobKind kind : hello.kinds) worker.offers[IndexOf(kind)] = true;
  worker.data_roots = {hello.data_roots.begin(), hello.data_roots.end()};
  TakeDevices(worker, hello.devices);
  TakeCachedBlobs(books, worker, hello.cached_blobs);
  batch.changes.push_back(PutWorker{row});
  EventRecord event;
  event.kind = "worker_connected";
  event.worker = row.id;
  event.detail = row.name;
  batch.Event(std::move(event));
}

Error Aborted(const WorkerFrame& frame, std::string_view why) {
  return {ErrorCode::kAborted, "session " + std::to_string(frame.session) + " of worker " +
                                   frame.worker.value + ": " + std::string(why)};
}

bool IsLast(const AttemptEvent& event) {
  return std::holds_alternative<AttemptFinished>(event.payload) ||
         std::holds_alternative<AttemptBroke>(event.payload) ||
         std::holds_alternative<AttemptReturned>(event.payload);
}

bool HasGap(const AttemptRecord& attempt, const WorkerFrame& frame) {
  std::int64_t last = attempt.last_sequence;
  for (const AttemptEvent& event : frame.events) {
    if (event.attempt != AttemptKey{attempt.job, attempt.attempt}) continue;
    if (event.sequence > last + 1) return true;
    last = std::max(last, event.sequence);
  }
  return false;
}

bool HoldsByRight(const Books& books, const WorkerId& worker, const AttemptKey& key) {
  const auto found = books.attempts.find(key);
  return found != books.attempts.end() && found->second.IsLive() &&
         found->second.row.worker == worker;
}

DropReason WhyNot(const Books& books, const AttemptKey& key) {
  const auto job = books.jobs.find(key.job);
  const bool cancelled =
      job != books.jobs.end() && job::PhaseOf(job->second.state) == JobPhase::kCancelled;
  return cancelled ? DropReason::kCancelled : DropReason::kSuperseded;
}

}  // namespace

Result<FrameOrder> EnterSession(Books& books, Batch& batch, const WorkerFrame& frame) {
  const auto known = books.workers.find(frame.worker);
  const std::optional<std::int64_t> current =
      known == books.workers.end() ? std::nullopt : known->second.session;
  if (current && frame.session < *current) {
    return Aborted(frame, "session " + std::to_string(*current) + " is open, which is newer");
  }
  const bool is_new = !current || frame.session > *current;
  if (is_new && !frame.hello) return Aborted(frame, "its first frame has no hello");
  if (!is_new && !known->second.connected) {
    return Aborted(frame, "it was closed; open one with a higher number");
  }
  Worker& worker = books.workers[frame.worker];
  if (is_new) TakeHello(books, worker, batch, frame);
  worker.draining = frame.draining;
  worker.free_slots = std::max(0, frame.free_slots);
  worker.held = {frame.held.begin(), frame.held.end()};
  if (ToInt(batch.now.wall) - ToInt(worker.record.last_seen) >= kLastSeenInterval.count()) {
    worker.record.last_seen = batch.now.wall;
    batch.changes.push_back(PutWorker{worker.record});
  }
  return is_new ? FrameOrder::kFirst : FrameOrder::kLater;
}

void RenewHeld(Books& books, const Batch& batch, JobDriver& driver, const WorkerFrame& frame) {
  const SteadyTime deadline = batch.now.steady + books.options.lease;
  for (const AttemptKey& key : frame.held) {
    const OpenAttempt* attempt = books.FindAttempt(key);
    if (attempt == nullptr || attempt->row.worker != frame.worker) continue;
    if (HasGap(attempt->row, frame)) continue;
    if (attempt->IsLive()) {
      (void)driver.Drive(key.job, job::Renewed{key.attempt, deadline});
    } else {
      const bool started = attempt->row.started_at != UnixMillis{};
      // Refused where the job went on without it; it is told to drop it then.
      (void)driver.Drive(key.job, job::Reclaimed{key.attempt, frame.worker, deadline, started});
    }
  }
}

void ReturnNotHeld(Books& books, JobDriver& driver, const WorkerFrame& frame) {
  const Worker& worker = books.workers.at(frame.worker);
  const std::set<AttemptKey> live = worker.live;  // a copy: driving changes it
  for (const AttemptKey& key : live) {
    if (worker.held.contains(key)) continue;
    (void)driver.Drive(key.job, job::NotHeld{key.attempt},
                       {"worker " + worker.record.name + " came back without it"});
  }
}

void DropInvalid(const Books& books, Batch& batch, const WorkerFrame& frame) {
  for (const AttemptKey& key : frame.held) {
    if (HoldsByRight(books, frame.worker, key)) continue;
    const bool ended = std::ranges::any_of(frame.events, [&](const AttemptEvent& event) {
      return event.attempt == key && IsLast(event);
    });
    const bool told = std::ranges::any_of(batch.drops, [&](const Drop& drop) {
      return drop.worker == frame.worker && drop.attempt == key;
    });
    if (!ended && !told) batch.drops.push_back({frame.worker, key, WhyNot(books, key)});
  }
}

}  // namespace tutti
