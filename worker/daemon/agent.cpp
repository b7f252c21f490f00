#include "worker/daemon/agent.h"

#include <algorithm>
#include <utility>

#include "common/check.h"
#include "worker/daemon/attempt_failure.h"

namespace tutti {
namespace {

bool IsFinal(const v1::AttemptEvent& event) {
  return event.has_finished() || event.has_broke() || event.has_returned();
}

void KeepEarlier(std::optional<SteadyTime>& earliest, std::optional<SteadyTime> other) {
  if (other && (!earliest || *other < *earliest)) earliest = other;
}

v1::AttemptEvent BrokeEvent(v1::FailureClass failure, const std::string& message) {
  v1::AttemptEvent event;
  *event.mutable_broke() = BrokeOf(failure, message);
  return event;
}

}  // namespace

void Agent::Recover(const AttemptId& id, std::vector<v1::AttemptEvent> events, Leftover leftover,
                    Instant now) {
  Held& held = held_[id];
  held.recovered = true;
  held.started = !events.empty();
  held.events = std::move(events);
  held.stage = Stage::kReporting;
  if (!held.events.empty() && IsFinal(held.events.back())) return;
  if (leftover == Leftover::kNothing) return EndRecovered(id, held, now);
  held.stage = Stage::kSaving;
  actions_.push_back(SalvageAttempt{id});
}

void Agent::EndRecovered(const AttemptId& id, Held& held, Instant now) {
  End(id, held,
      BrokeEvent(v1::FAILURE_CLASS_PREEMPTED, "the worker was started anew while this ran"), now);
}

void Agent::OnSessionOpened(std::int64_t session, const std::vector<std::string>& cached_blobs) {
  options_.hello.clear_cached_blobs();
  for (const std::string& hash : cached_blobs) options_.hello.add_cached_blobs(hash);
  session_ = Session{};
  session_->number = session;
  for (auto& [id, held] : held_) held.sent = held.acknowledged;
}

void Agent::OnSessionClosed(Resend resend) {
  session_.reset();
  if (resend == Resend::kUnacknowledged) return;
  for (auto& [id, held] : held_) held.acknowledged = 0;
}

void Agent::OnFrame(const v1::CoordinatorFrame& frame, Instant now) {
  if (!session_) return;
  session_->accepted = true;
  if (frame.has_settings() && frame.settings().heartbeat_interval_ms() > 0) {
    heartbeat_ = std::chrono::milliseconds(frame.settings().heartbeat_interval_ms());
    // The one that is due was set before the interval was known.
    session_->next_heartbeat = now.steady + heartbeat_;
  }
  if (frame.drain() && !std::exchange(session_->refuses_leases, true)) {
    draining_told_ = false;
    GiveAllBack("somebody drained the worker", now);
  }
  if (frame.undrain() && std::exchange(session_->refuses_leases, false)) draining_told_ = false;
  for (const auto& acked : frame.acked()) {
    OnAcked(ToAttemptId(acked.attempt()), acked.sequence());
  }
  for (const auto& drop : frame.drops()) Drop(ToAttemptId(drop.attempt()));
  for (const v1::Lease& lease : frame.leases()) OnLease(lease, now);
}

void Agent::OnLease(const v1::Lease& lease, Instant now) {
  const AttemptId id = ToAttemptId(lease.attempt());
  if (held_.contains(id)) return;  // said again
  // As it was offered: meanwhile it may not be worth any more.
  const bool room = FreeSlots(std::max(ahead_, session_->told_ahead)) > 0;
  Held& held = held_[id];
  held.time_limit = std::chrono::milliseconds(lease.time_limit_ms());
  if (draining_ || session_->refuses_leases) {
    GiveBack(id, held, "the worker is draining", now);
  } else if (disk_trouble_) {
    GiveBack(id, held, *disk_trouble_, now);
  } else if (!room) {
    GiveBack(id, held, "the worker has no free slot", now);
  } else {
    actions_.push_back(BeginAttempt{lease});
  }
}

void Agent::OnAcked(const AttemptId& id, std::int64_t sequence) {
  const auto found = held_.find(id);
  if (found == held_.end() || sequence <= 0) return;
  Held& held = found->second;
  const auto count = std::min(static_cast<std::size_t>(sequence), held.events.size());
  held.acknowledged = std::max(held.acknowledged, count);
  held.sent = std::max(held.sent, held.acknowledged);
  if (held.stage != Stage::kReporting || held.acknowledged < held.events.size()) return;
  held_.erase(found);
  actions_.push_back(ForgetAttempt{id});
}

void Agent::Drop(const AttemptId& id) {
  if (held_.erase(id) == 0) return;
  actions_.push_back(StopAttempt{id});
  actions_.push_back(ForgetAttempt{id});
}

Agent::Held* Agent::Active(const AttemptId& id) {
  const auto found = held_.find(id);
  if (found == held_.end() || found->second.stage == Stage::kReporting) return nullptr;
  return &found->second;
}

void Agent::Add(const AttemptId& id, Held& held, v1::AttemptEvent event, Instant now) {
  const bool final = IsFinal(event);
  if (!final && held.events.size() >= kMaxEventsPerAttempt) return;
  *event.mutable_attempt() = ToProto(id);
  event.set_sequence(static_cast<std::int64_t>(held.events.size()) + 1);
  event.set_at_unix_ms(ToInt(now.wall));
  held.events.push_back(event);
  actions_.push_back(SpoolEvent{std::move(event), final});
}

// The lines that have come since the last such event.
void Agent::AddLog(const AttemptId& id, Held& held, Instant now) {
  if (held.log.lines().empty()) return;
  v1::AttemptEvent event;
  *event.mutable_log() = held.log;
  held.log.set_first(held.log.first() + held.log.lines_size());
  held.log.clear_lines();
  held.log_at = now.steady + kLogInterval;
  Add(id, held, std::move(event), now);
}

void Agent::End(const AttemptId& id, Held& held, v1::AttemptEvent event, Instant now) {
  AddLog(id, held, now);
  held.stage = Stage::kReporting;
  held.stop_at.reset();
  held.progress.reset();
  Add(id, held, std::move(event), now);
}

void Agent::GiveBack(const AttemptId& id, Held& held, const std::string& reason, Instant now) {
  v1::AttemptEvent event;
  event.mutable_returned()->set_reason(reason);
  event.mutable_returned()->set_started(held.started);
  End(id, held, std::move(event), now);
}

void Agent::OnRunning(const AttemptId& id, const std::string& device, Instant now) {
  Held* held = Active(id);
  if (held == nullptr || held->stage != Stage::kFetching) return;
  held->stage = Stage::kRunning;
  held->started = true;
  if (held->time_limit.count() > 0) held->stop_at = now.steady + held->time_limit;
  v1::AttemptEvent event;
  event.mutable_started()->set_device(device);
  Add(id, *held, std::move(event), now);
}

void Agent::OnProgress(const AttemptId& id, const v1::Progress& progress) {
  if (Held* held = Active(id)) held->progress = progress;
}

void Agent::OnEpoch(const AttemptId& id, const v1::EpochPoint& epoch, Instant now) {
  Held* held = Active(id);
  if (held == nullptr) return;
  v1::AttemptEvent event;
  *event.mutable_epoch() = epoch;
  Add(id, *held, std::move(event), now);
}

void Agent::OnLogLine(const AttemptId& id, const std::string& line) {
  Held* held = Active(id);
  if (held == nullptr || held->log_bytes > kMaxLogBytesPerAttempt) return;
  if (held->log.first() == 0) held->log.set_first(1);
  held->log_bytes += line.size() + 1;
  const bool is_full = held->log_bytes > kMaxLogBytesPerAttempt;
  held->log.add_lines(is_full ? "(the log ends here: more than " +
                                    std::to_string(kMaxLogBytesPerAttempt) + " bytes)"
                              : line);
}

void Agent::OnResumeFile(const AttemptId& id, const v1::ResumeFile& file, Instant now) {
  Held* held = Active(id);
  if (held == nullptr) return;
  v1::AttemptEvent event;
  *event.mutable_resume() = file;
  Add(id, *held, std::move(event), now);
}

void Agent::OnHalted(const AttemptId& id, Instant now) {
  Held* held = Active(id);
  if (held == nullptr || held->stage != Stage::kSaving) return;
  if (held->recovered) return EndRecovered(id, *held, now);
  GiveBack(id, *held, held->return_reason, now);
}

void Agent::OnUploading(const AttemptId& id) {
  Held* held = Active(id);
  if (held == nullptr) return;
  held->stage = Stage::kUploading;
  held->stop_at.reset();
}

void Agent::OnFinished(const AttemptId& id, v1::Finished finished, Instant now) {
  Held* held = Active(id);
  if (held == nullptr) return;
  v1::AttemptEvent event;
  *event.mutable_finished() = std::move(finished);
  End(id, *held, std::move(event), now);
}

void Agent::OnBroke(const AttemptId& id, v1::Broke broke, Instant now) {
  Held* held = Active(id);
  if (held == nullptr) return;
  v1::AttemptEvent event;
  *event.mutable_broke() = std::move(broke);
  End(id, *held, std::move(event), now);
}

void Agent::OnHandedBack(const AttemptId& id, const std::string& reason, Instant now) {
  if (Held* held = Active(id)) GiveBack(id, *held, reason, now);
}

void Agent::OnNotSpooled(const AttemptId& id, std::int64_t sequence) {
  const auto found = held_.find(id);
  if (found != held_.end()) found->second.not_spooled_from = static_cast<std::size_t>(sequence - 1);
}

void Agent::OnSpooled(const AttemptId& id) {
  const auto found = held_.find(id);
  if (found != held_.end()) found->second.not_spooled_from.reset();
}

std::vector<v1::AttemptEvent> Agent::EventsOf(const AttemptId& id) const {
  const auto found = held_.find(id);
  return found == held_.end() ? std::vector<v1::AttemptEvent>() : found->second.events;
}

std::size_t Agent::Tellable(const Held& held) {
  return held.not_spooled_from.value_or(held.events.size());
}

void Agent::OnDrain(const std::string& reason, Instant now) {
  if (std::exchange(draining_, true)) return;
  draining_told_ = false;
  GiveAllBack(reason, now);
}

void Agent::GiveAllBack(const std::string& reason, Instant now) {
  for (auto& [id, held] : held_) {
    if (held.stage == Stage::kFetching) {
      actions_.push_back(StopAttempt{id});
      GiveBack(id, held, reason, now);
    } else if (held.stage == Stage::kRunning) {
      held.stage = Stage::kSaving;
      held.stop_at.reset();
      held.return_reason = reason;
      actions_.push_back(HaltAttempt{id});
    }
  }
}

void Agent::OnTick(Instant now) {
  for (auto& [id, held] : held_) {
    if (held.stop_at && *held.stop_at <= now.steady) {
      actions_.push_back(StopAttempt{id});
      End(id, held,
          BrokeEvent(v1::FAILURE_CLASS_TIMED_OUT, "ran longer than its time limit of " +
                                                      std::to_string(held.time_limit.count()) +
                                                      " ms"),
          now);
    }
    if (held.started && held.log_at <= now.steady) AddLog(id, held, now);
    if (held.progress && held.progress_at <= now.steady && held.started) {
      v1::AttemptEvent event;
      *event.mutable_progress() = *std::exchange(held.progress, std::nullopt);
      held.progress_at = now.steady + kProgressInterval;
      Add(id, held, std::move(event), now);
    }
  }
}

std::optional<SteadyTime> Agent::NextDeadline() const {
  std::optional<SteadyTime> earliest;
  for (const auto& [id, held] : held_) {
    KeepEarlier(earliest, held.stop_at);
    if (held.progress && held.started) KeepEarlier(earliest, held.progress_at);
    if (!held.log.lines().empty() && held.started) KeepEarlier(earliest, held.log_at);
  }
  if (accepted()) KeepEarlier(earliest, session_->next_heartbeat);
  if (accepted() && HasNews()) KeepEarlier(earliest, GathersUntil());
  return earliest;
}

std::vector<Action> Agent::TakeActions() {
  return std::exchange(actions_, {});
}

bool Agent::uploading() const {
  return std::ranges::any_of(held_, [](const auto& entry) {
    return entry.second.stage == Stage::kUploading || entry.second.stage == Stage::kSaving;
  });
}

int Agent::FreeSlots(int ahead) const {
  if (draining_ || disk_trouble_ || gpus_full_ || (session_ && session_->refuses_leases)) return 0;
  int working = 0;
  int uploads = 0;
  for (const auto& [id, held] : held_) {
    working += held.stage == Stage::kFetching || held.stage == Stage::kRunning ? 1 : 0;
    uploads += held.stage == Stage::kUploading ? 1 : 0;
  }
  // An upload leaves its slot to the next job, as long as uploads do not pile up.
  return std::max(0, options_.slots + ahead - working - std::max(0, uploads - options_.slots));
}

// More free slots are news too: the coordinator has work for them now, not at the next heartbeat.
bool Agent::HasNews() const {
  if (!draining_told_ || free_slots() > session_->told_free_slots) return true;
  if (disk_trouble_ && session_->told_free_slots > 0) return true;
  // Fewer are news where runs have become slow: what was offered would wait here.
  if (ahead_ <= options_.slots && ahead_ < session_->told_ahead) return true;
  return std::ranges::any_of(
      held_, [](const auto& entry) { return entry.second.sent < Tellable(entry.second); });
}

std::optional<SteadyTime> Agent::GathersUntil() const {
  const auto waits = [](const auto& entry) { return entry.second.stage == Stage::kFetching; };
  if (ahead_ == 0 || !std::ranges::any_of(held_, waits)) return std::nullopt;
  return session_->told_at + kGatherTime;
}

bool Agent::AddEvents(Held& held, v1::WorkerFrame& frame, std::size_t& bytes) {
  for (; held.sent < Tellable(held); ++held.sent) {
    const v1::AttemptEvent& event = held.events[held.sent];
    const std::size_t size = event.ByteSizeLong();
    const bool full = frame.events_size() >= kMaxEventsPerFrame ||
                      (frame.events_size() > 0 && bytes + size > kMaxFrameEventBytes);
    if (full) return false;
    bytes += size;
    *frame.add_events() = event;
  }
  return true;
}

// Ended attempts first. In a session's first frame that decides: an attempt which the coordinator
// gave up is dropped there, unless its result comes in the same frame.
void Agent::AddEvents(v1::WorkerFrame& frame) {
  std::size_t bytes = 0;
  for (const bool ended : {true, false}) {
    for (auto& [id, held] : held_) {
      if ((held.stage == Stage::kReporting) != ended) continue;
      if (!AddEvents(held, frame, bytes)) return;
    }
  }
}

std::optional<v1::WorkerFrame> Agent::NextFrame(Instant now) {
  if (!session_) return std::nullopt;
  const bool first = !session_->hello_sent;
  const bool heartbeat_due = session_->next_heartbeat && *session_->next_heartbeat <= now.steady;
  // Nothing but the first frame is told before the coordinator has taken it.
  if (!first && !(accepted() && (heartbeat_due || HasNews()))) {
    return std::nullopt;
  }
  if (!first && !heartbeat_due && GathersUntil() > now.steady) return std::nullopt;
  v1::WorkerFrame frame;
  frame.set_worker_id(options_.worker_id);
  frame.set_session(session_->number);
  if (first) *frame.mutable_hello() = options_.hello;
  AddEvents(frame);
  for (const auto& [id, held] : held_) *frame.add_held() = ToProto(id);
  frame.set_free_slots(free_slots());
  frame.set_draining(draining_ || session_->refuses_leases);
  if (use_) *frame.mutable_use() = *std::exchange(use_, std::nullopt);
  session_->hello_sent = true;
  session_->next_heartbeat = now.steady + heartbeat_;
  session_->told_at = now.steady;
  session_->told_free_slots = frame.free_slots();
  session_->told_ahead = ahead_;
  if (!first) draining_told_ = true;
  return frame;
}

}  // namespace tutti
