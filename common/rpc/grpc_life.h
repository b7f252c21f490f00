// gRPC for as long as a short process talks.
#pragma once

#include <poll.h>

#include <grpc/grpc.h>

namespace tutti {

// When it goes, gRPC's threads have ended; make it before every channel and server. Without it gRPC
// tidies up on a thread that nobody waits for, beside the handlers of the process's exit: OpenSSL's
// have gone by then. Its threads take every signal that is not blocked when it is made.
class GrpcLife {
 public:
  GrpcLife() { grpc_init(); }
  ~GrpcLife() {
    grpc_shutdown_blocking();
    // Connections are let go of on gRPC's own threads, a little after their channel.
    for (int waited_ms = 0; grpc_is_initialized() != 0 && waited_ms < kMostMs; ++waited_ms) {
      ::poll(nullptr, 0, 1);
    }
    // Whoever was the last of them began to tidy up; this waits for its end.
    grpc_init();
    grpc_shutdown_blocking();
  }
  GrpcLife(const GrpcLife&) = delete;
  GrpcLife& operator=(const GrpcLife&) = delete;

 private:
  static constexpr int kMostMs = 1'000;
};

}  // namespace tutti
