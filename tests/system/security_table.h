// Clients that a coordinator must refuse, and beside each one that it must not: rows of a table
// that is printed and asserted.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include <grpcpp/grpcpp.h>

#include "common/rpc/profile.h"
#include "tests/support/cluster.h"
#include "tutti/v1/access.grpc.pb.h"
#include "tutti/v1/blob.grpc.pb.h"
#include "tutti/v1/sweep.grpc.pb.h"
#include "tutti/v1/worker.grpc.pb.h"

namespace tutti {

inline std::string CodeName(grpc::StatusCode code) {
  switch (code) {
    case grpc::StatusCode::OK:
      return "OK";
    case grpc::StatusCode::UNAUTHENTICATED:
      return "UNAUTHENTICATED";
    case grpc::StatusCode::PERMISSION_DENIED:
      return "PERMISSION_DENIED";
    case grpc::StatusCode::UNAVAILABLE:
      return "UNAVAILABLE";
    case grpc::StatusCode::INVALID_ARGUMENT:
      return "INVALID_ARGUMENT";
    case grpc::StatusCode::DATA_LOSS:
      return "DATA_LOSS";
    case grpc::StatusCode::RESOURCE_EXHAUSTED:
      return "RESOURCE_EXHAUSTED";
    case grpc::StatusCode::ALREADY_EXISTS:
      return "ALREADY_EXISTS";
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      return "DEADLINE_EXCEEDED";
    default:
      return "code " + std::to_string(code);
  }
}

struct BlobOffer {
  std::string bytes;
  std::string hash;
  std::int64_t announced;  // bytes
};

// Who redeems an invite.
struct Guest {
  std::string token;
  std::string name;
  std::string worker_id{};  // of a worker
};

// One connection and the token that its calls carry; empty: none. Not thread-safe.
class Caller {
 public:
  Caller(const std::shared_ptr<grpc::Channel>& channel, std::string token);
  // As the CLI and workers connect.
  explicit Caller(const Profile& profile);

  std::unique_ptr<grpc::ClientContext> NewCall() const { return NewCall(token_); }
  static std::unique_ptr<grpc::ClientContext> NewCall(const std::string& token);

  grpc::Status ListSweeps();
  // padding: bytes of comment behind the sweep.
  grpc::Status Submit(const std::string& name, std::size_t padding = 0);
  grpc::Status Register(const std::string& name, const std::string& version);
  grpc::Status GetLog(std::int64_t job);
  grpc::Status GetJob(std::int64_t job);
  // Of `bytes` of text that is no hash.
  grpc::Status FindMissing(std::size_t bytes);
  // The header says `announced`; `bytes` are sent.
  grpc::Status Upload(const BlobOffer& offer);
  grpc::Status Upload(const std::string& bytes, std::int64_t announced);
  grpc::Status Download(const std::string& hash);
  grpc::Status Enroll(const std::string& worker_id, std::string* token);
  grpc::Status Invite(const std::string& role, const std::string& secret,
                      std::chrono::milliseconds ttl = std::chrono::minutes(1));
  // By an invite's secret, in place of the caller's token.
  grpc::Status Redeem(const std::string& secret, const Guest& guest);
  grpc::Status Revoke(const std::string& name);

  v1::BlobService::Stub& blobs() { return *blobs_; }
  v1::WorkerService::Stub& workers() { return *workers_; }

 private:
  const std::string token_;
  std::unique_ptr<v1::SweepService::Stub> sweeps_;
  std::unique_ptr<v1::BlobService::Stub> blobs_;
  std::unique_ptr<v1::WorkerService::Stub> workers_;
  std::unique_ptr<v1::AccessService::Stub> access_;
};

// One session of a worker, frame by frame.
class Session {
 public:
  Session(Caller& caller, const std::string& worker_id);
  ~Session();

  // The first frame, with what a worker with one slot for programs says. False: refused.
  bool Hello();
  // A heartbeat with this event of that attempt (none: heartbeat alone); waits until it is
  // acknowledged. False: the stream has ended.
  bool Tell(const v1::AttemptEvent& event);
  // Waits for one. False: the stream has ended.
  bool WaitForLease(v1::Attempt* attempt);
  // How the stream ended; ends it where it has not.
  grpc::Status End();

 private:
  v1::WorkerFrame NewFrame() const;

  const std::string worker_id_;
  const std::int64_t number_;
  std::unique_ptr<grpc::ClientContext> context_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::WorkerFrame, v1::CoordinatorFrame>> stream_;
  bool ended_ = false;
};

}  // namespace tutti
