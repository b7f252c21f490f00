#include "coordinator/rpc/worker_stream.h"

#include <utility>

#include <spdlog/spdlog.h>

#include "common/rpc/channel.h"
#include "common/rpc/session_protocol.h"
#include "coordinator/rpc/convert.h"
#include "coordinator/rpc/event_blobs.h"
#include "coordinator/rpc/limits.h"

namespace tutti {

class WorkerStream::Handle final : public WorkerSession {
 public:
  explicit Handle(WorkerStream* stream) : stream_(stream) {}

  void Send(v1::CoordinatorFrame frame) override {
    const std::lock_guard lock(mutex_);
    if (stream_ != nullptr) stream_->Send(std::move(frame));
  }
  void Close(const Error& why) override {
    const std::lock_guard lock(mutex_);
    if (stream_ != nullptr) stream_->Close(why);
  }
  void Applied(const Status& committed, const Result<FrameOutcome>& outcome, bool first) {
    const std::lock_guard lock(mutex_);
    if (stream_ != nullptr) stream_->OnApplied(committed, outcome, first);
  }
  void Forget() {
    const std::lock_guard lock(mutex_);
    stream_ = nullptr;
  }

 private:
  std::mutex mutex_;
  WorkerStream* stream_;
};

WorkerStream* WorkerStream::Open(Writer& writer, SessionHub& hub, BlobKeeper& keeper,
                                 const AccessControl& access, Identity identity,
                                 const WorkerSettings& settings) {
  auto* stream = new WorkerStream(writer, hub, keeper, access, std::move(identity), settings);
  stream->StartRead(&stream->incoming_);
  return stream;
}

WorkerStream::WorkerStream(Writer& writer, SessionHub& hub, BlobKeeper& keeper,
                           const AccessControl& access, Identity identity,
                           const WorkerSettings& settings)
    : writer_(writer),
      hub_(hub),
      keeper_(keeper),
      access_(access),
      identity_(std::move(identity)),
      settings_(settings),
      handle_(std::make_shared<Handle>(this)) {}

void WorkerStream::OnReadDone(bool ok) {
  if (!ok) {
    Close({ErrorCode::kCancelled, "the worker closed the stream"});
    return;
  }
  OnFrame();
}

void WorkerStream::OnFrame() {
  Result<WorkerFrame> frame = tutti::FromProto(incoming_);
  if (!frame.ok()) return Close(frame.error());
  if (!identity_.worker || *identity_.worker != frame->worker) {
    return Close(
        PermissionDenied("this token belongs to another worker than " + frame->worker.value));
  }
  const bool first = session_ == 0;
  if (first) {
    const v1::WorkerHello& hello = incoming_.hello();
    const Status understood = CheckSessionProtocol(
        hello.protocol(), "worker " + hello.name() + " (release " + hello.version() + ")",
        "the coordinator (release " + settings_.version + ")");
    if (!understood.ok()) {
      spdlog::warn("{}", understood.error().message);
      return Close(understood.error());
    }
  }
  session_ = frame->session;
  hub_.Heard(frame->worker, session_);
  Result<std::shared_ptr<BlobHold>> hold = HoldBlobs(*frame);
  if (!hold.ok()) return Close(Unavailable(hold.error().message));
  auto outcome = std::make_shared<Result<FrameOutcome>>(FrameOutcome{});
  if (first) hub_.Add(frame->worker, session_, handle_);
  if (incoming_.has_use()) hub_.Use(frame->worker, session_, incoming_.use());
  writer_.Post(
      [&access = access_, hash = identity_.token_hash, frame = *std::move(frame), outcome](
          Core& core, Moment now, Changes& changes) {
        // A token is taken on this thread: after that, nothing of its holder counts.
        *outcome = access.Find(hash)
                       ? core.ApplyFrame(frame, now, changes)
                       : Result<FrameOutcome>(Unauthenticated("this worker was revoked"));
      },
      [handle = handle_, outcome, first, hold = *std::move(hold)](const Status& committed) {
        handle->Applied(committed, *outcome, first);
      });
}

Result<std::shared_ptr<BlobHold>> WorkerStream::HoldBlobs(WorkerFrame& frame) {
  std::vector<std::string> named = BlobsNamedBy(frame);
  if (named.empty()) return std::shared_ptr<BlobHold>();
  TUTTI_ASSIGN_OR_RETURN(BlobHold hold, keeper_.Hold(std::move(named)));
  for (const std::string& hash : hold.missing()) {
    spdlog::warn("worker {} names the blob {}, which is not here", identity_.name, hash);
  }
  ReplaceEventsWithout(hold.missing(), frame);
  return std::make_shared<BlobHold>(std::move(hold));
}

// On the writer thread, after the commit.
void WorkerStream::OnApplied(const Status& committed, const Result<FrameOutcome>& outcome,
                             bool first) {
  hub_.Heard(*identity_.worker, session_);
  if (!committed.ok()) return Close(Unavailable(committed.error().message));
  if (!outcome.ok()) return Close(outcome.error());
  v1::CoordinatorFrame own;
  AppendToProto(*outcome, own);
  if (first) {
    v1::Settings& settings = *own.mutable_settings();
    settings.set_heartbeat_interval_ms(settings_.heartbeat.count());
    settings.set_lease_ms(settings_.lease.count());
    settings.set_coordinator_version(settings_.version);
    settings.set_protocol(kSessionProtocol);
  }
  std::vector<Drop> others;
  for (const Drop& drop : outcome->drops) {
    if (drop.worker == *identity_.worker) {
      *own.add_drops() = ToProto(drop);
    } else {
      others.push_back(drop);
    }
  }
  hub_.SendDrops(others);
  if (first || own.acked_size() > 0 || own.drops_size() > 0) Send(std::move(own));
  ReadNext();
}

// After Finish nothing else may begin: gRPC may be on its way to OnDone already, and would read
// into a stream that is gone.
void WorkerStream::ReadNext() {
  const std::lock_guard lock(mutex_);
  if (!finished_) StartRead(&incoming_);
}

void WorkerStream::Send(v1::CoordinatorFrame frame) {
  const std::lock_guard lock(mutex_);
  if (finished_) return;
  if (outgoing_.size() >= kMaxQueuedFrames) {
    finished_ = true;
    Finish({grpc::StatusCode::RESOURCE_EXHAUSTED, "this worker does not read its messages"});
    return;
  }
  outgoing_.push_back(std::move(frame));
  if (!writing_) StartNextWriteLocked();
}

void WorkerStream::StartNextWriteLocked() {
  writing_ = true;
  StartWrite(&outgoing_.front());
}

void WorkerStream::OnWriteDone(bool ok) {
  const std::lock_guard lock(mutex_);
  writing_ = false;
  outgoing_.pop_front();
  if (ok && !finished_ && !outgoing_.empty()) StartNextWriteLocked();
}

void WorkerStream::Close(const Error& why) {
  const std::lock_guard lock(mutex_);
  if (std::exchange(finished_, true)) return;
  Finish(ToGrpc(why));
}

void WorkerStream::OnCancel() {
  Close({ErrorCode::kCancelled, "the stream was cancelled"});
}

void WorkerStream::OnDone() {
  handle_->Forget();
  if (session_ != 0) {
    hub_.Remove(*identity_.worker, session_);
    writer_.Post([worker = *identity_.worker, session = session_](
                     Core& core, Moment now, Changes&) { core.Disconnect(worker, session, now); },
                 [](const Status&) {});
    spdlog::info("worker {} disconnected", identity_.name);
  }
  delete this;
}

}  // namespace tutti
