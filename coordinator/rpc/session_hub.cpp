#include "coordinator/rpc/session_hub.h"

#include <utility>

#include <spdlog/spdlog.h>

#include "coordinator/rpc/convert.h"

namespace tutti {

SessionHub::SessionHub(Writer& writer, LeaseBuilder& leases, ReaderPool& readers)
    : writer_(writer), leases_(leases), readers_(readers) {}

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
  }
  if (older) older->Close({ErrorCode::kAborted, "a newer session of this worker is open"});
}

void SessionHub::Remove(const WorkerId& worker, std::int64_t session) {
  const std::lock_guard lock(mutex_);
  const auto found = sessions_.find(worker);
  if (found != sessions_.end() && found->second.session == session) sessions_.erase(found);
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

void SessionHub::SendDrops(const std::vector<Drop>& drops) {
  std::map<WorkerId, v1::CoordinatorFrame> frames;
  for (const Drop& drop : drops) *frames[drop.worker].add_drops() = ToProto(drop);
  for (auto& [worker, frame] : frames) Send(worker, std::move(frame));
}

void SessionHub::OnGrants(const std::vector<Grant>& grants) {
  const std::lock_guard lock(mutex_);
  grants_.push_back(grants);
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

void SessionHub::Run() {
  while (true) {
    std::vector<Grant> grants;
    {
      std::unique_lock lock(mutex_);
      granted_.wait(lock, [this] { return stopping_ || !grants_.empty(); });
      if (stopping_) return;
      grants = std::move(grants_.front());
      grants_.pop_front();
    }
    Deliver(grants);
  }
}

void SessionHub::Deliver(const std::vector<Grant>& grants) {
  std::map<WorkerId, v1::CoordinatorFrame> frames;
  for (const Grant& grant : grants) {
    const auto reader = readers_.Borrow();
    if (!reader.ok()) {
      Fail(grant, reader.error());
      continue;
    }
    Result<v1::Lease> lease = leases_.Build(grant, **reader);
    if (!lease.ok()) {
      Fail(grant, lease.error());
      continue;
    }
    *frames[grant.worker].add_leases() = *std::move(lease);
  }
  for (auto& [worker, frame] : frames) Send(worker, std::move(frame));
}

void SessionHub::Fail(const Grant& grant, const Error& error) {
  const FailureClass failure =
      error.code == ErrorCode::kInvalidArgument ? FailureClass::kBadConfig : FailureClass::kBadData;
  spdlog::warn("job {} attempt {} cannot be leased: {}", grant.attempt.job.value,
               grant.attempt.attempt, error.message);
  writer_.Post(
      [grant, failure, message = error.message](Core& core, Moment now, Changes& changes) {
        core.FailGrant(grant.attempt, failure, message, now, changes);
      },
      [](const Status&) {});
}

}  // namespace tutti
