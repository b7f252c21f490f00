#include "coordinator/rpc/worker_service.h"

#include <memory>
#include <utility>

#include <spdlog/spdlog.h>

#include "common/hash.h"
#include "common/rpc/channel.h"
#include "coordinator/rpc/limits.h"
#include "coordinator/rpc/worker_stream.h"

namespace tutti {
namespace {

constexpr std::size_t kTokenBytes = 32;

// A stream that only tells why it is refused.
class RefusedStream final : public grpc::ServerBidiReactor<v1::WorkerFrame, v1::CoordinatorFrame> {
 public:
  explicit RefusedStream(const Error& why) { Finish(ToGrpc(why)); }
  void OnDone() override { delete this; }
};

}  // namespace

WorkerServiceImpl::WorkerServiceImpl(Writer& writer, SessionHub& hub, BlobKeeper& keeper,
                                     AccessControl& access, const Clock& clock,
                                     RandomSource& random, WorkerSettings settings)
    : writer_(writer),
      hub_(hub),
      keeper_(keeper),
      access_(access),
      clock_(clock),
      random_(random),
      settings_(std::move(settings)) {}

grpc::ServerUnaryReactor* WorkerServiceImpl::Enroll(grpc::CallbackServerContext* context,
                                                    const v1::EnrollRequest* request,
                                                    v1::EnrollResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  if (const auto identity = access_.Check(*context, Rpc::kEnroll); !identity.ok()) {
    reactor->Finish(ToGrpc(identity.error()));
    return reactor;
  }
  const auto token = TokenOf(*request, *response);
  if (!token.ok()) {
    reactor->Finish(ToGrpc(token.error()));
    return reactor;
  }
  auto claimed = std::make_shared<Result<AccessControl::Claimed>>(Unavailable("not decided"));
  writer_.Post(
      [this, token = *token, claimed](Core&, Moment, Changes& changes) {
        *claimed = access_.Claim(token);
        if (claimed->ok() && **claimed == AccessControl::Claimed::kNew) {
          changes.push_back(PutToken{token});
        }
      },
      [this, token = *token, claimed, reactor](const Status& committed) {
        if (claimed->ok() && **claimed == AccessControl::Claimed::kNew) {
          access_.Settle(token, committed.ok());
          if (committed.ok()) spdlog::info("worker {} enrolled", token.name);
        }
        const Status done = !committed.ok() || claimed->ok() ? committed : Status(claimed->error());
        reactor->Finish(done.ok() ? grpc::Status::OK : ToGrpc(done.error()));
      });
  return reactor;
}

Result<TokenRecord> WorkerServiceImpl::TokenOf(const v1::EnrollRequest& request,
                                               v1::EnrollResponse& response) {
  if (request.worker_id().empty() || request.worker_id().size() > kMaxNameBytes ||
      request.name().size() > kMaxNameBytes) {
    return InvalidArgument("enroll: a worker_id and a name of at most " +
                           std::to_string(kMaxNameBytes) + " bytes");
  }
  std::string hash = request.token_hash();
  if (hash.empty()) {
    response.set_token(random_.Hex(kTokenBytes));
    hash = Sha256Hex(response.token());
  }
  if (!IsSha256Hex(hash)) {
    return InvalidArgument("enroll: token_hash: expected a SHA-256 as 64 lower-case hex digits");
  }
  return TokenRecord{hash, Role::kWorker, request.name(), WorkerId{request.worker_id()},
                     clock_.WallNow()};
}

grpc::ServerBidiReactor<v1::WorkerFrame, v1::CoordinatorFrame>* WorkerServiceImpl::Session(
    grpc::CallbackServerContext* context) {
  Result<Identity> identity = access_.Check(*context, Rpc::kSession);
  if (!identity.ok()) return new RefusedStream(identity.error());
  return WorkerStream::Open(writer_, hub_, keeper_, access_, *std::move(identity), settings_);
}

}  // namespace tutti
