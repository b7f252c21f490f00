// Enrolment and the workers' streams: decode, one core call, encode. No decision is taken here.
#pragma once

#include "common/clock.h"
#include "common/random.h"
#include "coordinator/blobs/blob_keeper.h"
#include "coordinator/rpc/access.h"
#include "coordinator/rpc/session_hub.h"
#include "coordinator/writer/writer.h"
#include "tutti/v1/worker.grpc.pb.h"

namespace tutti {

struct WorkerSettings {
  std::chrono::milliseconds heartbeat{5'000};
  std::chrono::milliseconds lease{30'000};
  std::string version;
};

// Thread-safe.
class WorkerServiceImpl final : public v1::WorkerService::CallbackService {
 public:
  WorkerServiceImpl(Writer& writer, SessionHub& hub, BlobKeeper& keeper, AccessControl& access,
                    const Clock& clock, RandomSource& random, WorkerSettings settings);

  // With a hash of a token that the worker made, the same call again changes nothing more.
  grpc::ServerUnaryReactor* Enroll(grpc::CallbackServerContext* context,
                                   const v1::EnrollRequest* request,
                                   v1::EnrollResponse* response) override;
  grpc::ServerBidiReactor<v1::WorkerFrame, v1::CoordinatorFrame>* Session(
      grpc::CallbackServerContext* context) override;

 private:
  Result<TokenRecord> TokenOf(const v1::EnrollRequest& request, v1::EnrollResponse& response);

  Writer& writer_;
  SessionHub& hub_;
  BlobKeeper& keeper_;
  AccessControl& access_;
  const Clock& clock_;
  RandomSource& random_;
  const WorkerSettings settings_;
};

}  // namespace tutti
