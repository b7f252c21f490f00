// The first connect: the right to enrol becomes a token of this worker's own.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "common/backoff.h"
#include "common/result.h"
#include "tutti/v1/worker.grpc.pb.h"
#include "worker/daemon/worker_folder.h"

namespace tutti {

// How long one try may take.
inline constexpr std::chrono::seconds kEnrolDeadline{10};

// Whether the wait ran its full length, or the daemon is told to end.
enum class Waited { kFully, kInterrupted };
using Waiter = std::function<Waited(std::chrono::milliseconds)>;

struct Enrolment {
  std::string enrol_token;
  std::string name;
};

// This worker's own token: from its folder, else one of its own making that the coordinator takes
// by way of `enrol_token`, and then into the folder. Tries until a coordinator answers, each time
// with the same token, so that a lost answer loses nothing. kUnauthenticated, kPermissionDenied: it
// refuses the enrolment. kAlreadyExists: it knows another token of this worker. kCancelled:
// interrupted while waiting.
Result<std::string> OwnToken(v1::WorkerService::StubInterface& stub, WorkerFolder& folder,
                             const Enrolment& enrolment, RandomSource& random, Backoff& backoff,
                             const Waiter& wait);

}  // namespace tutti
