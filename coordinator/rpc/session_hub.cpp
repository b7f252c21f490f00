#include "coordinator/rpc/session_hub.h"

#include <utility>

#include <spdlog/spdlog.h>

#include "coordinator/rpc/convert.h"

namespace tutti {

SessionHub::SessionHub(Writer& writer, LeaseBuilder& leases, ReaderPool& readers,
                       const Clock& clock, std::chrono::milliseconds silence)
    : writer_(writer), leases_(leases), readers_(readers), clock_(clock), silence_(silence) {}

SessionHub::~SessionHub() {
  Stop();
}

void SessionHub::Start() {
  thread_ = std::thread([this] { Run(); });
}

void SessionHub::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  granted_.notify_all();
  if (thread_.joinable()) thread_.join();
  CloseAll(Unavailable("the coordinator is shutting down"));
}

void SessionHub::Add(const WorkerId& worker, std::int64_t session,
                     std::shared_ptr<WorkerSession> stream) {
  std::shared_ptr<WorkerSession> older;
  {
    const std::lock_guard lock(mutex_);
    Open& open = sessions_[worker];
    if (open.stream && open.session > session) return;
    older = std::exchange(open.stream, std::move(stream));
    open.session = session;
    open.use.reset();
    open.heard = clock_.SteadyNow();
  }
  if (older) older->Close({ErrorCode::kAborted, "a newer session of this worker is open"});
}

void SessionHub::Remove(const WorkerId& worker, std::int64_t session) {
  const std::lock_guard lock(mutex_);
  const auto found = sessions_.find(worker);
  if (found != sessions_.end() && found->second.session == session) sessions_.erase(found);
}

void SessionHub::Heard(const WorkerId& worker, std::int64_t session) {
  const std::lock_guard lock(mutex_);
  const auto found = sessions_.find(worker);
  if (found != sessions_.end() && found->second.session == session) {
    found->second.heard = clock_.SteadyNow();
  }
}

void SessionHub::Use(const WorkerId& worker, std::int64_t session, const v1::MachineUse& use) {
  const std::lock_guard lock(mutex_);
  const auto found = sessions_.find(worker);
  if (found != sessions_.end() && found->second.session == session) found->second.use = use;
}

std::optional<v1::MachineUse> SessionHub::UseOf(const WorkerId& worker) const {
  const std::lock_guard lock(mutex_);
  const auto found = sessions_.find(worker);
  return found == sessions_.end() ? std::nullopt : found->second.use;
}

void SessionHub::Send(const WorkerId& worker, v1::CoordinatorFrame frame) {
  std::shared_ptr<WorkerSession> stream;
  {
    const std::lock_guard lock(mutex_);
    const auto found = sessions_.find(worker);
    if (found == sessions_.end()) return;
    stream = found->second.stream;
  }
  stream->Send(std::move(frame));
}

void SessionHub::Close(const WorkerId& worker, const Error& why) {
  std::shared_ptr<WorkerSession> stream;
  {
    const std::lock_guard lock(mutex_);
    const auto found = sessions_.find(worker);
    if (found == sessions_.end()) return;
    stream = found->second.stream;
  }
  stream->Close(why);
}

void SessionHub::SendDrops(const std::vector<Drop>& drops) {
  std::map<WorkerId, v1::CoordinatorFrame> frames;
  for (const Drop& drop : drops) *frames[drop.worker].add_drops() = ToProto(drop);
  for (auto& [worker, frame] : frames) Send(worker, std::move(frame));
}

void SessionHub::OnGrants(const std::vector<Grant>& grants) {
  const std::lock_guard lock(mutex_);
  grants_.push_back({grants, clock_.SteadyNow()});
  granted_.notify_one();
}

void SessionHub::OnReset(const Error& why) {
  CloseAll(why);
}

void SessionHub::CloseAll(const Error& why) {
  std::map<WorkerId, Open> sessions;
  {
    const std::lock_guard lock(mutex_);
    sessions.swap(sessions_);
  }
  for (const auto& [worker, open] : sessions) open.stream->Close(Unavailable(why.message));
}

void SessionHub::CloseSilent() {
  std::map<WorkerId, Open> silent;
  {
    const std::lock_guard lock(mutex_);
    const SteadyTime limit = clock_.SteadyNow() - silence_;
    for (const auto& [worker, open] : sessions_) {
      if (open.heard < limit) silent[worker] = open;
    }
  }
  for (const auto& [worker, open] : silent) {
    spdlog::warn("worker {} said nothing for {} ms: its session is closed", worker.value,
                 silence_.count());
    open.stream->Close(Unavailable("nothing was heard of this worker for " +
                                   std::to_string(silence_.count()) + " ms"));
  }
}

void SessionHub::ForgiveOwnAbsence(SteadyTime now) {
  if (now - looked_at_ < silence_ / 2) return;
  const std::lock_guard lock(mutex_);
  for (auto& [worker, open] : sessions_) open.heard = now;
}

void SessionHub::Run() {
  const auto interval = silence_ / kSilentHeartbeats;
  looked_at_ = clock_.SteadyNow();
  while (true) {
    Granted granted;
    {
      std::unique_lock lock(mutex_);
      granted_.wait_for(lock, interval, [this] { return stopping_ || !grants_.empty(); });
      if (stopping_) return;
      if (!grants_.empty()) {
        granted = std::move(grants_.front());
        grants_.pop_front();
      }
    }
    if (!granted.grants.empty()) Deliver(granted.grants);
    const SteadyTime now = clock_.SteadyNow();
    for (std::size_t i = 0; telemetry_ != nullptr && i < granted.grants.size(); ++i) {
      telemetry_->OnLeaseSent(now - granted.at);
    }
    if (now < looked_at_ + interval) continue;
    ForgiveOwnAbsence(now);
    CloseSilent();
    looked_at_ = now;
  }
}

void SessionHub::Deliver(const std::vector<Grant>& grants) {
  const auto reader = readers_.Borrow();
  if (!reader.ok()) {
    for (const Grant& grant : grants) Fail(grant, reader.error());
    return;
  }
  std::map<WorkerId, v1::CoordinatorFrame> frames;
  SweepsOfLeases sweeps;
  for (const Grant& grant : grants) {
    Result<v1::Lease> lease = leases_.Build(grant, **reader, sweeps);
    if (!lease.ok()) {
      Fail(grant, lease.error());
      continue;
    }
    *frames[grant.worker].add_leases() = *std::move(lease);
  }
  for (auto& [worker, frame] : frames) Send(worker, std::move(frame));
}

// It would be granted again at once, and fail again.
void SessionHub::HoldBack() {
  std::unique_lock lock(mutex_);
  granted_.wait_for(lock, kGrantRetry, [this] { return stopping_; });
}

void SessionHub::Fail(const Grant& grant, const Error& error) {
  const FailureClass failure = FailureOfLease(error);
  if (failure == FailureClass::kPreempted) HoldBack();
  spdlog::warn("job {} attempt {} cannot be leased: {}", grant.attempt.job.value,
               grant.attempt.attempt, error.message);
  writer_.Post(
      [grant, failure, message = error.message](Core& core, Moment now, Changes& changes) {
        core.FailGrant(grant.attempt, failure, message, now, changes);
      },
      [](const Status&) {});
}

}  // namespace tutti
