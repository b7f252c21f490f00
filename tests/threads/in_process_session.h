// A worker's session with the coordinator without a network: the stream's two ends in one process.
// Both are the real ones (worker/daemon/session_stream, coordinator/rpc/worker_stream); what gRPC
// does between them is done here by two threads of our own, so that a thread sanitizer sees every
// lock on the way, which it cannot in Debian's gRPC.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include <grpcpp/grpcpp.h>

#include "tutti/v1/worker.grpc.pb.h"

namespace tutti {

// Calls what it is given, one after another, on a thread of its own. Thread-safe.
class ReactionThread {
 public:
  ReactionThread();
  ~ReactionThread();

  void Post(std::function<void()> reaction);

 private:
  void Run();

  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<std::function<void()>> waiting_;
  bool stopping_ = false;
  std::thread thread_;
};

// The stub that a worker calls. Thread-safe; outlives its sessions.
class InProcessWorkerService final : public v1::WorkerService::StubInterface,
                                     private v1::WorkerService::StubInterface::async_interface {
 public:
  using ServerReactor = grpc::ServerBidiReactor<v1::WorkerFrame, v1::CoordinatorFrame>;
  using ClientReactor = grpc::ClientBidiReactor<v1::WorkerFrame, v1::CoordinatorFrame>;

  // open: the coordinator's end of a new session.
  explicit InProcessWorkerService(std::function<ServerReactor*()> open);
  // Every session must have ended.
  ~InProcessWorkerService() override;

  // As if the network had gone: every open session ends, on both sides.
  void CutAll();
  int sessions_opened() const;

  StubInterface::async_interface* async() override { return this; }
  // Workers of these tests have their token.
  grpc::Status Enroll(grpc::ClientContext*, const v1::EnrollRequest&, v1::EnrollResponse*) override;

 private:
  class Call;
  void Session(grpc::ClientContext* context, ClientReactor* reactor) override;

  // Not called by the daemon.
  void Enroll(grpc::ClientContext*, const v1::EnrollRequest*, v1::EnrollResponse*,
              std::function<void(grpc::Status)> told) override;
  void Enroll(grpc::ClientContext*, const v1::EnrollRequest*, v1::EnrollResponse*,
              grpc::ClientUnaryReactor*) override {}
  grpc::ClientAsyncResponseReaderInterface<v1::EnrollResponse>* AsyncEnrollRaw(
      grpc::ClientContext*, const v1::EnrollRequest&, grpc::CompletionQueue*) override {
    return nullptr;
  }
  grpc::ClientAsyncResponseReaderInterface<v1::EnrollResponse>* PrepareAsyncEnrollRaw(
      grpc::ClientContext*, const v1::EnrollRequest&, grpc::CompletionQueue*) override {
    return nullptr;
  }
  grpc::ClientReaderWriterInterface<v1::WorkerFrame, v1::CoordinatorFrame>* SessionRaw(
      grpc::ClientContext*) override {
    return nullptr;
  }
  grpc::ClientAsyncReaderWriterInterface<v1::WorkerFrame, v1::CoordinatorFrame>* AsyncSessionRaw(
      grpc::ClientContext*, grpc::CompletionQueue*, void*) override {
    return nullptr;
  }
  grpc::ClientAsyncReaderWriterInterface<v1::WorkerFrame, v1::CoordinatorFrame>*
  PrepareAsyncSessionRaw(grpc::ClientContext*, grpc::CompletionQueue*) override {
    return nullptr;
  }

  const std::function<ServerReactor*()> open_;
  mutable std::mutex mutex_;
  std::vector<std::weak_ptr<Call>> calls_;
  int opened_ = 0;
  ReactionThread worker_side_;
  ReactionThread coordinator_side_;
};

}  // namespace tutti
