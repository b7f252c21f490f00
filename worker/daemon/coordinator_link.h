// Keeps a session with the coordinator open: connects, and comes back after failures.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "common/backoff.h"
#include "common/clock.h"
#include "common/random.h"
#include "common/result.h"
#include "tutti/v1/worker.grpc.pb.h"
#include "worker/daemon/event_loop.h"
#include "worker/daemon/session_stream.h"
#include "worker/daemon/worker_folder.h"

namespace tutti {

inline constexpr std::chrono::milliseconds kFirstReconnect{200};
inline constexpr std::chrono::milliseconds kLongestReconnect{15'000};
// A session that ends sooner was no success: else a coordinator that takes the first frame and
// refuses the second would be asked several times a second, for ever.
inline constexpr std::chrono::milliseconds kLastingSession{2'000};

// Owned by the loop's thread.
class CoordinatorLink {
 public:
  // Called on the loop's thread.
  class Listener {
   public:
    virtual ~Listener() = default;
    virtual void OnSessionOpened(std::int64_t session) = 0;
    virtual void OnFrame(const v1::CoordinatorFrame& frame) = 0;
    // The link tries again.
    virtual void OnSessionClosed(const Error& why) = 0;
    // The coordinator does not take this worker (kUnauthenticated, kPermissionDenied): the link
    // does not try again.
    virtual void OnRefused(const Error& why) = 0;
    virtual std::optional<v1::WorkerFrame> NextFrame() = 0;
    // The link can take the next frame: Pump() sends it.
    virtual void OnFrameSent() = 0;
  };

  CoordinatorLink(EventLoop& loop, const Clock& clock, RandomSource& random, WorkerFolder& folder,
                  v1::WorkerService::StubInterface& stub, std::string token, Listener& listener);
  ~CoordinatorLink();

  void Connect();
  // Sends the listener's next frame, if the session can take one.
  void Pump();
  // Every frame given to it has left.
  bool flushed() const { return !stream_ || stream_->writable(); }

 private:
  // False: the session is being given up.
  bool Understands(const v1::CoordinatorFrame& frame);
  void OnClosed(const grpc::Status& status);
  void TryAgain(const Error& why);

  EventLoop& loop_;
  const Clock& clock_;
  WorkerFolder& folder_;
  v1::WorkerService::StubInterface& stub_;
  const std::string token_;
  Listener& listener_;
  std::optional<Error> not_understood_;
  std::optional<SteadyTime> accepted_at_;  // of the open session
  Backoff backoff_;
  EventLoop::TimerId reconnect_ = 0;
  std::unique_ptr<SessionStream> stream_;
};

}  // namespace tutti
