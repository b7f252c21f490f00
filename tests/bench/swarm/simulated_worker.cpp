#include "tests/bench/swarm/simulated_worker.h"

#include <algorithm>
#include <limits>

#include "common/rpc/channel.h"
#include "common/rpc/session_protocol.h"
#include "common/version.h"

namespace tutti {
namespace {

v1::AttemptEvent EventOf(const v1::Attempt& attempt, std::int64_t sequence) {
  v1::AttemptEvent event;
  *event.mutable_attempt() = attempt;
  event.set_sequence(sequence);
  return event;
}

std::int64_t Microseconds(SteadyTime from, SteadyTime to) {
  return std::chrono::duration_cast<std::chrono::microseconds>(to - from).count();
}

}  // namespace

SimulatedWorker::SimulatedWorker(std::string id, std::string name, const SwarmPlan& plan,
                                 const Clock& clock, TimerQueue& timers)
    : id_(std::move(id)),
      name_(std::move(name)),
      plan_(plan),
      clock_(clock),
      timers_(timers),
      random_(std::hash<std::string>()(id_) | 1) {}

grpc::Status SimulatedWorker::Start(v1::WorkerService::Stub& stub, const std::string& enrol_token) {
  v1::EnrollRequest request;
  request.set_worker_id(id_);
  request.set_name(name_);
  v1::EnrollResponse response;
  grpc::ClientContext context;
  Authorize(context, enrol_token);
  const grpc::Status enrolled = stub.Enroll(&context, request, &response);
  if (!enrolled.ok()) return enrolled;
  Authorize(context_, response.token());
  stub.async()->Session(&context_, this);
  AddHold();  // writes begin from the timers too
  StartRead(&incoming_);
  StartCall();
  {
    const std::lock_guard lock(mutex_);
    WriteIfDue();
  }
  timers_.RunAt(clock_.SteadyNow() + heartbeat_, [this] { Beat(); });
  return enrolled;
}

void SimulatedWorker::End() {
  {
    const std::lock_guard lock(mutex_);
    if (ended_) return;
    ended_ = true;
  }
  context_.TryCancel();
  RemoveHold();
  std::unique_lock lock(mutex_);
  done_changed_.wait(lock, [this] { return done_; });
}

std::vector<std::int64_t> SimulatedWorker::TakeLatencies() {
  const std::lock_guard lock(mutex_);
  return std::exchange(latencies_us_, {});
}

std::vector<std::int64_t> SimulatedWorker::TakeHeartbeatWaits() {
  const std::lock_guard lock(mutex_);
  std::vector<std::int64_t> waits = std::exchange(heartbeat_waits_us_, {});
  const SteadyTime now = clock_.SteadyNow();
  for (const Heartbeat& heartbeat : heartbeats_) waits.push_back(Microseconds(heartbeat.due, now));
  return waits;
}

void SimulatedWorker::NoteAnswers(const Key& attempt, std::int64_t acknowledged) {
  const SteadyTime now = clock_.SteadyNow();
  std::erase_if(heartbeats_, [&](const Heartbeat& heartbeat) {
    if (heartbeat.attempt != attempt || heartbeat.sequence > acknowledged) return false;
    heartbeat_waits_us_.push_back(Microseconds(heartbeat.due, now));
    return true;
  });
}

void SimulatedWorker::OnReadDone(bool ok) {
  const std::lock_guard lock(mutex_);
  if (!ok || ended_) return;
  accepted_ = true;
  if (incoming_.has_settings()) {
    heartbeat_ = std::chrono::milliseconds(incoming_.settings().heartbeat_interval_ms());
  }
  for (const v1::CoordinatorFrame::Acked& acked : incoming_.acked()) {
    const Key key{acked.attempt().job_id(), acked.attempt().attempt()};
    NoteAnswers(key, acked.sequence());
    const auto held = held_.find(key);
    if (held == held_.end() || held->second.last_sequence == 0 ||
        acked.sequence() < held->second.last_sequence) {
      continue;
    }
    held_.erase(held);
    ++results_acknowledged_;
  }
  for (const v1::CoordinatorFrame::Drop& drop : incoming_.drops()) {
    const Key key{drop.attempt().job_id(), drop.attempt().attempt()};
    held_.erase(key);
    NoteAnswers(key, std::numeric_limits<std::int64_t>::max());
  }
  for (const v1::Lease& lease : incoming_.leases()) TakeLease(lease);
  WriteIfDue();
  StartRead(&incoming_);
}

void SimulatedWorker::TakeLease(const v1::Lease& lease) {
  const SteadyTime now = clock_.SteadyNow();
  if (!freed_.empty()) {
    latencies_us_.push_back(Microseconds(freed_.front(), now));
    freed_.pop_front();
  }
  const Key key{lease.attempt().job_id(), lease.attempt().attempt()};
  held_[key] = {};
  if (plan_.longest_job.count() == 0) return FinishJob(key);
  // xorshift64: durations need to differ, not to be unpredictable.
  random_ ^= random_ << 13;
  random_ ^= random_ >> 7;
  random_ ^= random_ << 17;
  const auto range =
      static_cast<std::uint64_t>(plan_.longest_job.count() - plan_.shortest_job.count() + 1);
  const auto length =
      plan_.shortest_job + std::chrono::milliseconds(static_cast<std::int64_t>(random_ % range));
  timers_.RunAt(now + length, [this, key] {
    const std::lock_guard lock(mutex_);
    if (ended_ || !held_.contains(key)) return;
    FinishJob(key);
    WriteIfDue();
  });
}

void SimulatedWorker::FinishJob(const Key& key) {
  v1::Attempt attempt;
  attempt.set_job_id(key.first);
  attempt.set_attempt(key.second);
  Held& held = held_[key];
  for (int epoch = 1; epoch <= plan_.epochs; ++epoch) {
    v1::AttemptEvent event = EventOf(attempt, ++held.sequence);
    v1::EpochPoint& point = *event.mutable_epoch();
    point.set_epoch(epoch);
    point.set_train_loss(1.0 / epoch);
    point.set_val_loss(1.5 / epoch);
    point.set_seconds(0.25);
    unsent_.push_back(std::move(event));
  }
  v1::AttemptEvent event = EventOf(attempt, ++held.sequence);
  event.mutable_finished()->mutable_timings_seconds()->insert({"total_seconds", 0.0});
  unsent_.push_back(std::move(event));
  held.last_sequence = held.sequence;
  freed_.push_back(clock_.SteadyNow());
  due_ = true;
}

void SimulatedWorker::Beat() {
  const std::lock_guard lock(mutex_);
  if (ended_) return;
  TellOfRunningJob();
  due_ = true;
  WriteIfDue();
  timers_.RunAt(clock_.SteadyNow() + heartbeat_, [this] { Beat(); });
}

// A heartbeat alone is not answered; a worker that runs something has progress to tell with it.
void SimulatedWorker::TellOfRunningJob() {
  const auto running =
      std::ranges::find_if(held_, [](const auto& item) { return item.second.last_sequence == 0; });
  if (running == held_.end()) return;
  v1::Attempt attempt;
  attempt.set_job_id(running->first.first);
  attempt.set_attempt(running->first.second);
  v1::AttemptEvent event = EventOf(attempt, ++running->second.sequence);
  event.mutable_progress()->set_done(running->second.sequence);
  event.mutable_progress()->set_unit("beats");
  unsent_.push_back(std::move(event));
  heartbeats_.push_back({running->first, running->second.sequence, clock_.SteadyNow()});
}

void SimulatedWorker::WriteIfDue() {
  // Nothing follows the hello until it is answered.
  if (writing_ || !due_ || ended_ || (hello_sent_ && !accepted_)) return;
  outgoing_ = MakeFrame();
  due_ = false;
  writing_ = true;
  StartWrite(&outgoing_);
}

v1::WorkerFrame SimulatedWorker::MakeFrame() {
  v1::WorkerFrame frame;
  frame.set_worker_id(id_);
  frame.set_session(1);
  if (!std::exchange(hello_sent_, true)) {
    v1::WorkerHello& hello = *frame.mutable_hello();
    hello.set_name(name_);
    hello.set_version(std::string(kVersion));
    hello.set_slots(plan_.slots);
    hello.set_cores(plan_.slots);
    hello.set_host("swarm");
    hello.set_protocol(kSessionProtocol);
    hello.add_kinds(v1::JOB_KIND_COMMAND);
  }
  int running = 0;
  for (const auto& [key, held] : held_) {
    v1::Attempt& attempt = *frame.add_held();
    attempt.set_job_id(key.first);
    attempt.set_attempt(key.second);
    running += held.last_sequence == 0;
  }
  frame.set_free_slots(plan_.slots - running);
  for (v1::AttemptEvent& event : unsent_) *frame.add_events() = std::move(event);
  unsent_.clear();
  return frame;
}

void SimulatedWorker::OnWriteDone(bool ok) {
  const std::lock_guard lock(mutex_);
  writing_ = false;
  if (ok) WriteIfDue();
}

void SimulatedWorker::OnDone(const grpc::Status& status) {
  const std::lock_guard lock(mutex_);
  if (!ended_ && !status.ok()) broken_ = true;
  done_ = true;
  done_changed_.notify_all();
}

}  // namespace tutti
