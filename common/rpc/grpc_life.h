// gRPC for as long as a short process talks.
#pragma once

#include <grpc/grpc.h>

namespace tutti {

// When it goes, gRPC's threads have ended; make it before every channel and server. Without it gRPC
// tidies up on a thread that nobody waits for, beside the handlers of the process's exit: OpenSSL's
// have gone by then. Its threads take every signal that is not blocked when it is made.
class GrpcLife {
 public:
  GrpcLife() { grpc_init(); }
  ~GrpcLife() { grpc_shutdown_blocking(); }
  GrpcLife(const GrpcLife&) = delete;
  GrpcLife& operator=(const GrpcLife&) = delete;
};

}  // namespace tutti
