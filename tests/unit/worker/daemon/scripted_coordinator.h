// A gRPC server on a unix socket that does what a test says: it records a worker's frames, and sends
// the test's. Sessions are accepted with settings; everything else is the test's.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <grpcpp/grpcpp.h>

#include "common/rpc/profile.h"
#include "tutti/v1/blob.grpc.pb.h"
#include "tutti/v1/worker.grpc.pb.h"

namespace tutti {

// Thread-safe.
class ScriptedCoordinator {
 public:
  // What it has seen and holds; it survives a restart.
  struct Seen {
    std::vector<v1::WorkerFrame> frames;
    std::vector<std::string> enrolled;  // worker ids
    std::map<std::string, std::string> blobs;
  };
  using FramePredicate = std::function<bool(const v1::WorkerFrame&)>;

  static constexpr char kEnrolToken[] = "right to enrol";
  static constexpr char kOwnToken[] = "the worker's own";

  explicit ScriptedCoordinator(std::filesystem::path socket);
  ~ScriptedCoordinator();

  Profile profile() const;
  void Stop();
  void Start();

  // The first frame, after the `skip` oldest, for which this holds; an empty frame after 10 s.
  v1::WorkerFrame WaitFor(const FramePredicate& predicate, std::size_t skip = 0);
  // The same for an event, in whatever frame.
  v1::AttemptEvent WaitForEvent(const std::function<bool(const v1::AttemptEvent&)>& predicate,
                                std::size_t skip = 0);
  std::size_t frame_count();

  // To the newest session.
  void Send(const v1::CoordinatorFrame& frame);
  void Acknowledge(const v1::AttemptEvent& event);
  void CloseSession(const grpc::Status& status);
  // Sessions from now on are refused so.
  void RefuseSessions(const grpc::Status& status);

  std::string PutBlob(const std::string& bytes);
  std::string GetBlob(const std::string& hash);
  std::vector<std::string> enrolled();

 private:
  class Worker;
  class Blobs;
  class Session;

  std::filesystem::path socket_;
  std::unique_ptr<Worker> worker_;
  std::unique_ptr<Blobs> blobs_;
  std::unique_ptr<grpc::Server> server_;

  std::mutex mutex_;
  std::condition_variable changed_;
  Seen seen_;
  Session* session_ = nullptr;
  grpc::Status refusal_;
};

}  // namespace tutti
