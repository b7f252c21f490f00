#include "tests/threads/in_process_session.h"

#include <utility>

namespace tutti {

ReactionThread::ReactionThread() : thread_([this] { Run(); }) {}

ReactionThread::~ReactionThread() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  arrived_.notify_one();
  thread_.join();
}

void ReactionThread::Post(std::function<void()> reaction) {
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(reaction));
  }
  arrived_.notify_one();
}

void ReactionThread::Run() {
  std::unique_lock lock(mutex_);
  while (true) {
    arrived_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    const auto reaction = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    reaction();
    lock.lock();
  }
}

// One session. Each side's reactions come one at a time, in order, on that side's thread; the last
// of each is OnDone. A write is done as soon as it is taken: there is no network to wait for.
class InProcessWorkerService::Call : public std::enable_shared_from_this<Call> {
 public:
  Call(ReactionThread& worker_side, ReactionThread& coordinator_side)
      : worker_side_(worker_side), coordinator_side_(coordinator_side) {}

  void Bind(ClientReactor* client, ServerReactor* server) {
    client_ = client;
    server_ = server;
    self_ = shared_from_this();
    client_end_.Bind(client);
    server_end_.Bind(server);
  }

  // Both sides learn that the session is over.
  void Cut(const grpc::Status& why) {
    const std::lock_guard lock(mutex_);
    CancelLocked(why);
  }

 private:
  class ClientEnd final
      : public grpc::ClientCallbackReaderWriter<v1::WorkerFrame, v1::CoordinatorFrame> {
   public:
    explicit ClientEnd(Call& call) : call_(call) {}
    void Bind(ClientReactor* reactor) { BindReactor(reactor); }
    void StartCall() override {}
    void Write(const v1::WorkerFrame* frame, grpc::WriteOptions) override { call_.WriteUp(*frame); }
    void WritesDone() override {}
    void Read(v1::CoordinatorFrame* frame) override { call_.ReadDown(frame); }
    void AddHold(int holds) override { call_.Hold(holds); }
    // The daemon lets go of a session only to give it up.
    void RemoveHold() override { call_.Hold(-1); }

   private:
    Call& call_;
  };

  class ServerEnd final
      : public grpc::ServerCallbackReaderWriter<v1::WorkerFrame, v1::CoordinatorFrame> {
   public:
    explicit ServerEnd(Call& call) : call_(call) {}
    void Bind(ServerReactor* reactor) { BindReactor(reactor); }
    void Finish(grpc::Status status) override { call_.Finish(std::move(status)); }
    void SendInitialMetadata() override {}
    void Read(v1::WorkerFrame* frame) override { call_.ReadUp(frame); }
    void Write(const v1::CoordinatorFrame* frame, grpc::WriteOptions) override {
      call_.WriteDown(*frame);
    }
    void WriteAndFinish(const v1::CoordinatorFrame* frame, grpc::WriteOptions,
                        grpc::Status status) override {
      call_.WriteDown(*frame);
      call_.Finish(std::move(status));
    }

   private:
    grpc::internal::ServerReactor* reactor() override { return call_.server_; }
    void CallOnDone() override {}

    Call& call_;
  };

  void WriteUp(const v1::WorkerFrame& frame) {
    const std::lock_guard lock(mutex_);
    const bool taken = !cancelled_ && !finished_;
    if (taken) {
      up_.push_back(frame);
      DeliverUpLocked();
    }
    OnWorkerSide([this, taken] { client_->OnWriteDone(taken); });
  }
  void ReadUp(v1::WorkerFrame* into) {
    const std::lock_guard lock(mutex_);
    server_reads_ = into;
    DeliverUpLocked();
  }
  void DeliverUpLocked() {
    if (server_reads_ == nullptr) return;
    if (!up_.empty() && !cancelled_) {
      *std::exchange(server_reads_, nullptr) = std::move(up_.front());
      up_.pop_front();
      OnCoordinatorSide([this] { server_->OnReadDone(true); });
    } else if (cancelled_ || finished_) {
      server_reads_ = nullptr;
      OnCoordinatorSide([this] { server_->OnReadDone(false); });
    }
  }

  void WriteDown(const v1::CoordinatorFrame& frame) {
    const std::lock_guard lock(mutex_);
    const bool taken = !cancelled_;
    if (taken) {
      down_.push_back(frame);
      DeliverDownLocked();
    }
    OnCoordinatorSide([this, taken] { server_->OnWriteDone(taken); });
  }
  void ReadDown(v1::CoordinatorFrame* into) {
    const std::lock_guard lock(mutex_);
    client_reads_ = into;
    DeliverDownLocked();
  }
  void DeliverDownLocked() {
    if (client_reads_ == nullptr) return;
    if (!down_.empty() && !cancelled_) {
      *std::exchange(client_reads_, nullptr) = std::move(down_.front());
      down_.pop_front();
      OnWorkerSide([this] { client_->OnReadDone(true); });
    } else if (cancelled_ || finished_) {
      client_reads_ = nullptr;
      OnWorkerSide([this] { client_->OnReadDone(false); });
    }
    EndClientLocked();
  }

  void Hold(int holds) {
    const std::lock_guard lock(mutex_);
    holds_ += holds;
    if (holds_ == 0) CancelLocked({grpc::StatusCode::CANCELLED, "the worker let go"});
    EndClientLocked();
  }

  void CancelLocked(const grpc::Status& why) {
    if (cancelled_) return;
    cancelled_ = true;
    if (!finished_) status_ = why;
    DeliverUpLocked();
    DeliverDownLocked();
    if (!finished_) OnCoordinatorSide([this] { server_->OnCancel(); });
  }

  void Finish(grpc::Status status) {
    const std::lock_guard lock(mutex_);
    finished_ = true;
    if (!cancelled_) status_ = std::move(status);
    DeliverUpLocked();
    DeliverDownLocked();
    // The coordinator's end deletes itself there.
    OnCoordinatorSide([this] {
      server_->OnDone();
      const std::lock_guard ended(mutex_);
      server_done_ = true;
      EndLocked();
    });
  }

  void EndClientLocked() {
    const bool ended = (cancelled_ || finished_) && holds_ == 0 && client_reads_ == nullptr;
    if (!ended || std::exchange(client_ending_, true)) return;
    OnWorkerSide([this] {
      grpc::Status status;
      {
        const std::lock_guard lock(mutex_);
        status = status_;
      }
      client_->OnDone(status);
      const std::lock_guard lock(mutex_);
      client_done_ = true;
      EndLocked();
    });
  }

  // The reactions hold this, so that it goes only after the last of them.
  void EndLocked() {
    if (client_done_ && server_done_) self_.reset();
  }
  void OnWorkerSide(std::function<void()> reaction) {
    worker_side_.Post([self = shared_from_this(), reaction = std::move(reaction)] { reaction(); });
  }
  void OnCoordinatorSide(std::function<void()> reaction) {
    coordinator_side_.Post(
        [self = shared_from_this(), reaction = std::move(reaction)] { reaction(); });
  }

  ReactionThread& worker_side_;
  ReactionThread& coordinator_side_;
  ClientEnd client_end_{*this};
  ServerEnd server_end_{*this};
  ClientReactor* client_ = nullptr;
  ServerReactor* server_ = nullptr;

  std::mutex mutex_;
  std::deque<v1::WorkerFrame> up_;
  std::deque<v1::CoordinatorFrame> down_;
  v1::WorkerFrame* server_reads_ = nullptr;  // where the next frame is wanted
  v1::CoordinatorFrame* client_reads_ = nullptr;
  grpc::Status status_;
  int holds_ = 0;
  bool cancelled_ = false;
  bool finished_ = false;
  bool client_ending_ = false;
  bool client_done_ = false;
  bool server_done_ = false;
  std::shared_ptr<Call> self_;
};

InProcessWorkerService::InProcessWorkerService(std::function<ServerReactor*()> open)
    : open_(std::move(open)) {}

InProcessWorkerService::~InProcessWorkerService() = default;

void InProcessWorkerService::CutAll() {
  std::vector<std::shared_ptr<Call>> open;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& call : calls_) {
      if (auto alive = call.lock()) open.push_back(std::move(alive));
    }
    calls_.clear();
  }
  for (const auto& call : open) call->Cut({grpc::StatusCode::UNAVAILABLE, "the network is gone"});
}

int InProcessWorkerService::sessions_opened() const {
  const std::lock_guard lock(mutex_);
  return opened_;
}

void InProcessWorkerService::Session(grpc::ClientContext*, ClientReactor* reactor) {
  auto call = std::make_shared<Call>(worker_side_, coordinator_side_);
  call->Bind(reactor, open_());
  const std::lock_guard lock(mutex_);
  calls_.push_back(call);
  ++opened_;
}

grpc::Status InProcessWorkerService::Enroll(grpc::ClientContext*, const v1::EnrollRequest&,
                                            v1::EnrollResponse*) {
  return {grpc::StatusCode::UNIMPLEMENTED, "these workers have their token"};
}

void InProcessWorkerService::Enroll(grpc::ClientContext*, const v1::EnrollRequest*,
                                    v1::EnrollResponse*, std::function<void(grpc::Status)> told) {
  told({grpc::StatusCode::UNIMPLEMENTED, "these workers have their token"});
}

}  // namespace tutti
