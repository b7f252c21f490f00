#include "worker/daemon/enrolment.h"

#include <optional>

#include <grpc/support/time.h>
#include <grpcpp/grpcpp.h>
#include <spdlog/spdlog.h>

#include "common/hash.h"
#include "common/rpc/channel.h"

namespace tutti {
namespace {

// The token that counts from now on.
Result<std::string> Enroll(v1::WorkerService::StubInterface& stub, const std::string& worker_id,
                           const Enrolment& enrolment, const std::string& own) {
  grpc::ClientContext context;
  Authorize(context, enrolment.enrol_token);
  // gRPC's own clock: a deadline is a matter between it and its timers.
  context.set_deadline(gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                                    gpr_time_from_seconds(kEnrolDeadline.count(), GPR_TIMESPAN)));
  v1::EnrollRequest request;
  request.set_worker_id(worker_id);
  request.set_name(enrolment.name);
  request.set_token_hash(Sha256Hex(own));
  v1::EnrollResponse response;
  const grpc::Status status = stub.Enroll(&context, request, &response);
  if (!status.ok()) return Annotate(FromGrpc(status), "enrolment");
  // A coordinator of an older release makes the token itself.
  return response.token().empty() ? own : response.token();
}

}  // namespace

Result<std::string> OwnToken(v1::WorkerService::StubInterface& stub, WorkerFolder& folder,
                             const Enrolment& enrolment, RandomSource& random, Backoff& backoff,
                             const Waiter& wait) {
  TUTTI_ASSIGN_OR_RETURN(const std::optional<std::string> known, folder.Token());
  if (known) return *known;
  TUTTI_ASSIGN_OR_RETURN(const std::string own, folder.TokenToAskFor(random));
  while (true) {
    Result<std::string> token = Enroll(stub, folder.worker_id(), enrolment, own);
    if (token.ok()) {
      TUTTI_RETURN_IF_ERROR(folder.StoreToken(*token));
      spdlog::info("enrolled as {} ({})", enrolment.name, folder.worker_id());
      return token;
    }
    const ErrorCode code = token.error().code;
    if (code != ErrorCode::kUnavailable && code != ErrorCode::kDeadlineExceeded) return token;
    const auto delay = backoff.Next();
    spdlog::warn("{}; trying again in {} ms", token.error().message, delay.count());
    if (wait(delay) == Waited::kInterrupted) {
      return Error{ErrorCode::kCancelled, "told to end before the first connect"};
    }
  }
}

}  // namespace tutti
