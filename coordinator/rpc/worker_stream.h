// One worker's bidirectional stream on gRPC's callback API: no thread of its own.
//
// One frame at a time is with the writer, the next is read only after its commit: order is kept,
// and a worker that sends faster than we store is slowed down by the stream itself. It owns itself
// and is gone after OnDone.
#pragma once

#include <deque>
#include <memory>
#include <mutex>
#include <optional>

#include <grpcpp/grpcpp.h>

#include "coordinator/rpc/access.h"
#include "coordinator/rpc/session_hub.h"
#include "coordinator/rpc/worker_service.h"
#include "coordinator/writer/writer.h"
#include "tutti/v1/worker.grpc.pb.h"

namespace tutti {

class WorkerStream final : public grpc::ServerBidiReactor<v1::WorkerFrame, v1::CoordinatorFrame> {
 public:
  // Starts reading. identity: whom the token belongs to.
  static WorkerStream* Open(Writer& writer, SessionHub& hub, BlobKeeper& keeper,
                            const AccessControl& access, Identity identity,
                            const WorkerSettings& settings);

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  // What the hub and the writer's callbacks hold: it outlives the stream and forgets it when the
  // stream ends.
  class Handle;

  WorkerStream(Writer& writer, SessionHub& hub, BlobKeeper& keeper, const AccessControl& access,
               Identity identity, const WorkerSettings& settings);

  void OnFrame();
  // What the frame's events name stays until they are committed; events that name what is not
  // here are replaced. Null where they name nothing.
  Result<std::shared_ptr<BlobHold>> HoldBlobs(WorkerFrame& frame);
  void OnApplied(const Status& committed, const Result<FrameOutcome>& outcome, bool first);
  void ReadNext();
  void Send(v1::CoordinatorFrame frame);
  void Close(const Error& why);
  void StartNextWriteLocked();

  Writer& writer_;
  SessionHub& hub_;
  BlobKeeper& keeper_;
  const AccessControl& access_;
  const Identity identity_;
  const WorkerSettings settings_;
  std::shared_ptr<Handle> handle_;
  v1::WorkerFrame incoming_;
  std::int64_t session_ = 0;  // 0: no frame came yet

  std::mutex mutex_;
  std::deque<v1::CoordinatorFrame> outgoing_;
  bool writing_ = false;
  bool finished_ = false;
};

}  // namespace tutti
