// One session with the coordinator: gRPC's callback API, so that it needs no thread of its own; its
// callbacks only hand over to the main loop.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include <grpcpp/grpcpp.h>

#include "tutti/v1/worker.grpc.pb.h"
#include "worker/daemon/event_loop.h"

namespace tutti {

// Owned by the loop's thread: all methods and callbacks run there. One frame is written at a time,
// and the next one is read only after on_frame has returned.
class SessionStream {
 public:
  struct Callbacks {
    std::function<void(const v1::CoordinatorFrame&)> on_frame;
    std::function<void()> on_writable;                   // the last frame has left
    std::function<void(const grpc::Status&)> on_closed;  // once, last
  };

  SessionStream(EventLoop& loop, v1::WorkerService::StubInterface& stub, const std::string& token,
                Callbacks callbacks);
  // No callback comes any more. Waits until gRPC has let go, which Cancel makes quick.
  ~SessionStream();
  SessionStream(const SessionStream&) = delete;
  SessionStream& operator=(const SessionStream&) = delete;

  bool writable() const;
  // Requires writable().
  void Write(v1::WorkerFrame frame);
  // on_closed follows.
  void Cancel();

 private:
  class Reactor;
  std::shared_ptr<Reactor> reactor_;
};

}  // namespace tutti
