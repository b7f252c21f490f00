#include "tests/unit/worker/daemon/scripted_coordinator.h"

#include <deque>

#include <gtest/gtest.h>

#include "common/hash.h"
#include "common/rpc/session_protocol.h"

namespace tutti {
namespace {

constexpr std::chrono::seconds kPatience{10};
constexpr std::chrono::milliseconds kHeartbeat{200};

bool HasToken(const grpc::CallbackServerContext& context, const std::string& token) {
  const auto found = context.client_metadata().find("authorization");
  return found != context.client_metadata().end() && found->second == "Bearer " + token;
}

}  // namespace

class ScriptedCoordinator::Session final
    : public grpc::ServerBidiReactor<v1::WorkerFrame, v1::CoordinatorFrame> {
 public:
  explicit Session(ScriptedCoordinator& owner) : owner_(owner) { StartRead(&incoming_); }

  void OnReadDone(bool ok) override {
    if (!ok) return Close(grpc::Status::OK);
    {
      const std::lock_guard lock(owner_.mutex_);
      owner_.seen_.frames.push_back(incoming_);
    }
    if (incoming_.has_hello()) {
      v1::CoordinatorFrame accepted;
      accepted.mutable_settings()->set_heartbeat_interval_ms(kHeartbeat.count());
      accepted.mutable_settings()->set_protocol(kSessionProtocol);
      Send(accepted);
    }
    owner_.changed_.notify_all();
    ReadNext();
  }
  void OnWriteDone(bool) override {
    const std::lock_guard lock(mutex_);
    outgoing_.pop_front();
    if (!outgoing_.empty() && !finished_) StartWrite(&outgoing_.front());
  }
  void OnCancel() override { Close(grpc::Status::CANCELLED); }
  void OnDone() override {
    {
      const std::lock_guard lock(owner_.mutex_);
      if (owner_.session_ == this) owner_.session_ = nullptr;
    }
    owner_.changed_.notify_all();
    delete this;
  }

  void Send(const v1::CoordinatorFrame& frame) {
    const std::lock_guard lock(mutex_);
    if (finished_) return;
    outgoing_.push_back(frame);
    if (outgoing_.size() == 1) StartWrite(&outgoing_.front());
  }
  void Close(const grpc::Status& status) {
    const std::lock_guard lock(mutex_);
    if (std::exchange(finished_, true)) return;
    Finish(status);
  }

 private:
  // After Finish nothing else may begin: the session may be on its way out already.
  void ReadNext() {
    const std::lock_guard lock(mutex_);
    if (!finished_) StartRead(&incoming_);
  }

  ScriptedCoordinator& owner_;
  v1::WorkerFrame incoming_;
  std::mutex mutex_;
  std::deque<v1::CoordinatorFrame> outgoing_;
  bool finished_ = false;
};

class ScriptedCoordinator::Worker final : public v1::WorkerService::CallbackService {
 public:
  explicit Worker(ScriptedCoordinator& owner) : owner_(owner) {}

  grpc::ServerUnaryReactor* Enroll(grpc::CallbackServerContext* context,
                                   const v1::EnrollRequest* request,
                                   v1::EnrollResponse* response) override {
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    if (!HasToken(*context, kEnrolToken)) {
      reactor->Finish({grpc::StatusCode::UNAUTHENTICATED, "this token is not known here"});
      return reactor;
    }
    const std::lock_guard lock(owner_.mutex_);
    owner_.seen_.enrolled.push_back(request->worker_id());
    response->set_token(kOwnToken);
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }

  grpc::ServerBidiReactor<v1::WorkerFrame, v1::CoordinatorFrame>* Session(
      grpc::CallbackServerContext* context) override {
    auto* session = new ScriptedCoordinator::Session(owner_);
    grpc::Status refusal;
    {
      const std::lock_guard lock(owner_.mutex_);
      refusal = owner_.refusal_;
      owner_.session_ = session;
    }
    if (!HasToken(*context, kOwnToken)) refusal = {grpc::StatusCode::UNAUTHENTICATED, "who is it"};
    if (!refusal.ok()) session->Close(refusal);
    return session;
  }

 private:
  ScriptedCoordinator& owner_;
};

class ScriptedCoordinator::Blobs final : public v1::BlobService::Service {
 public:
  explicit Blobs(ScriptedCoordinator& owner) : owner_(owner) {}

  grpc::Status FindMissing(grpc::ServerContext*, const v1::FindMissingRequest* request,
                           v1::FindMissingResponse* response) override {
    const std::lock_guard lock(owner_.mutex_);
    for (const std::string& hash : request->hashes()) {
      if (!owner_.seen_.blobs.contains(hash)) response->add_missing(hash);
    }
    return grpc::Status::OK;
  }
  grpc::Status Upload(grpc::ServerContext*, grpc::ServerReader<v1::UploadRequest>* reader,
                      v1::UploadResponse*) override {
    v1::UploadRequest part;
    std::string hash;
    std::string bytes;
    while (reader->Read(&part)) {
      if (part.has_header()) hash = part.header().hash();
      bytes += part.data();
    }
    if (Sha256Hex(bytes) != hash) return {grpc::StatusCode::DATA_LOSS, "another hash"};
    const std::lock_guard lock(owner_.mutex_);
    owner_.seen_.blobs[hash] = bytes;
    return grpc::Status::OK;
  }
  grpc::Status Download(grpc::ServerContext*, const v1::DownloadRequest* request,
                        grpc::ServerWriter<v1::DownloadResponse>* writer) override {
    v1::DownloadResponse response;
    {
      const std::lock_guard lock(owner_.mutex_);
      const auto found = owner_.seen_.blobs.find(request->hash());
      if (found == owner_.seen_.blobs.end()) return {grpc::StatusCode::NOT_FOUND, "no such blob"};
      response.set_data(found->second);
    }
    writer->Write(response);
    return grpc::Status::OK;
  }

 private:
  ScriptedCoordinator& owner_;
};

ScriptedCoordinator::ScriptedCoordinator(std::filesystem::path socket)
    : socket_(std::move(socket)),
      worker_(std::make_unique<Worker>(*this)),
      blobs_(std::make_unique<Blobs>(*this)) {
  Start();
}

ScriptedCoordinator::~ScriptedCoordinator() {
  Stop();
}

Profile ScriptedCoordinator::profile() const {
  return {"unix:" + socket_.string(), "", kEnrolToken, "enrol"};
}

void ScriptedCoordinator::Start() {
  grpc::ServerBuilder builder;
  builder.AddListeningPort("unix:" + socket_.string(), grpc::InsecureServerCredentials());
  builder.RegisterService(worker_.get());
  builder.RegisterService(blobs_.get());
  server_ = builder.BuildAndStart();
  ASSERT_NE(server_, nullptr);
}

void ScriptedCoordinator::Stop() {
  if (!server_) return;
  CloseSession({grpc::StatusCode::UNAVAILABLE, "the coordinator goes"});
  server_->Shutdown();
  server_->Wait();
  server_.reset();
}

v1::WorkerFrame ScriptedCoordinator::WaitFor(const FramePredicate& predicate, std::size_t skip) {
  std::unique_lock lock(mutex_);
  v1::WorkerFrame found;
  const bool came = changed_.wait_for(lock, kPatience, [&] {
    for (std::size_t i = skip; i < seen_.frames.size(); ++i) {
      if (!predicate(seen_.frames[i])) continue;
      found = seen_.frames[i];
      return true;
    }
    return false;
  });
  EXPECT_TRUE(came) << "the frame did not come; " << seen_.frames.size() << " others did";
  return found;
}

v1::AttemptEvent ScriptedCoordinator::WaitForEvent(
    const std::function<bool(const v1::AttemptEvent&)>& predicate, std::size_t skip) {
  v1::AttemptEvent found;
  WaitFor(
      [&](const v1::WorkerFrame& frame) {
        for (const v1::AttemptEvent& event : frame.events()) {
          if (!predicate(event)) continue;
          found = event;
          return true;
        }
        return false;
      },
      skip);
  return found;
}

std::size_t ScriptedCoordinator::frame_count() {
  const std::lock_guard lock(mutex_);
  return seen_.frames.size();
}

void ScriptedCoordinator::Send(const v1::CoordinatorFrame& frame) {
  const std::lock_guard lock(mutex_);
  ASSERT_NE(session_, nullptr) << "no worker is connected";
  session_->Send(frame);
}

void ScriptedCoordinator::Acknowledge(const v1::AttemptEvent& event) {
  v1::CoordinatorFrame frame;
  *frame.add_acked()->mutable_attempt() = event.attempt();
  frame.mutable_acked(0)->set_sequence(event.sequence());
  Send(frame);
}

void ScriptedCoordinator::CloseSession(const grpc::Status& status) {
  std::unique_lock lock(mutex_);
  if (session_ == nullptr) return;
  session_->Close(status);
  session_ = nullptr;
}

void ScriptedCoordinator::RefuseSessions(const grpc::Status& status) {
  const std::lock_guard lock(mutex_);
  refusal_ = status;
}

std::string ScriptedCoordinator::PutBlob(const std::string& bytes) {
  const std::lock_guard lock(mutex_);
  const std::string hash = Sha256Hex(bytes);
  seen_.blobs[hash] = bytes;
  return hash;
}

std::string ScriptedCoordinator::GetBlob(const std::string& hash) {
  const std::lock_guard lock(mutex_);
  const auto found = seen_.blobs.find(hash);
  return found == seen_.blobs.end() ? "(no such blob)" : found->second;
}

std::vector<std::string> ScriptedCoordinator::enrolled() {
  const std::lock_guard lock(mutex_);
  return seen_.enrolled;
}

}  // namespace tutti
