#include "worker/daemon/session_stream.h"

#include <condition_variable>
#include <mutex>
#include <utility>

#include "common/check.h"
#include "common/rpc/channel.h"

namespace tutti {

// Kept alive by itself until OnDone. Fields without a note belong to the loop's thread; gRPC's
// threads touch only what an operation in progress lends them.
class SessionStream::Reactor final
    : public grpc::ClientBidiReactor<v1::WorkerFrame, v1::CoordinatorFrame>,
      public std::enable_shared_from_this<Reactor> {
 public:
  Reactor(EventLoop& loop, Callbacks callbacks) : loop_(loop), callbacks_(std::move(callbacks)) {}

  void Start(v1::WorkerService::StubInterface& stub, const std::string& token) {
    self_ = shared_from_this();
    Authorize(context_, token);
    stub.async()->Session(&context_, this);
    // Writes and reads are started from the loop, outside of gRPC's callbacks.
    AddHold();
    held_ = true;
    StartRead(&incoming_);
    StartCall();
  }

  bool writable() const { return held_ && !writing_; }

  void Write(v1::WorkerFrame frame) {
    TUTTI_CHECK(writable(), "one frame at a time");
    writing_ = true;
    outgoing_ = std::move(frame);
    StartWrite(&outgoing_);
  }

  void Cancel() {
    context_.TryCancel();
    LetGo();
  }

  // The owner goes: nothing is told any more.
  void Detach() {
    callbacks_ = {};
    Cancel();
    std::unique_lock lock(mutex_);
    done_changed_.wait(lock, [this] { return done_; });
  }

  void OnReadDone(bool ok) override {
    loop_.Post([self = shared_from_this(), ok] { self->OnRead(ok); });
  }
  void OnWriteDone(bool ok) override {
    loop_.Post([self = shared_from_this(), ok] { self->OnWritten(ok); });
  }
  void OnDone(const grpc::Status& status) override {
    loop_.Post([self = shared_from_this(), status] {
      if (self->callbacks_.on_closed) self->callbacks_.on_closed(status);
    });
    std::shared_ptr<Reactor> last;
    {
      const std::lock_guard lock(mutex_);
      done_ = true;
      last = std::move(self_);
    }
    done_changed_.notify_all();
  }

 private:
  void OnRead(bool ok) {
    if (!ok) return LetGo();
    // The callback may end the session.
    if (callbacks_.on_frame) callbacks_.on_frame(incoming_);
    if (held_) StartRead(&incoming_);
  }

  void OnWritten(bool ok) {
    writing_ = false;
    if (!ok) return LetGo();
    if (held_ && callbacks_.on_writable) callbacks_.on_writable();
  }

  void LetGo() {
    if (std::exchange(held_, false)) RemoveHold();
  }

  EventLoop& loop_;
  Callbacks callbacks_;
  grpc::ClientContext context_;
  v1::CoordinatorFrame incoming_;
  v1::WorkerFrame outgoing_;
  bool held_ = false;
  bool writing_ = false;

  std::mutex mutex_;
  std::condition_variable done_changed_;
  bool done_ = false;              // under mutex_
  std::shared_ptr<Reactor> self_;  // under mutex_, after Start
};

SessionStream::SessionStream(EventLoop& loop, v1::WorkerService::StubInterface& stub,
                             const std::string& token, Callbacks callbacks)
    : reactor_(std::make_shared<Reactor>(loop, std::move(callbacks))) {
  reactor_->Start(stub, token);
}

SessionStream::~SessionStream() {
  reactor_->Detach();
}

bool SessionStream::writable() const {
  return reactor_->writable();
}

void SessionStream::Write(v1::WorkerFrame frame) {
  reactor_->Write(std::move(frame));
}

void SessionStream::Cancel() {
  reactor_->Cancel();
}

}  // namespace tutti
