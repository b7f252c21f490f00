#include "coordinator/rpc/worker_service.h"

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
  if (request->worker_id().empty() || request->worker_id().size() > kMaxNameBytes ||
      request->name().size() > kMaxNameBytes) {
    reactor->Finish(ToGrpc(InvalidArgument("enroll: a worker_id and a name of at most " +
                                           std::to_string(kMaxNameBytes) + " bytes")));
    return reactor;
  }
  response->set_token(random_.Hex(kTokenBytes));
  const TokenRecord token{Sha256Hex(response->token()), Role::kWorker, request->name(),
                          WorkerId{request->worker_id()}, clock_.WallNow()};
  writer_.Post([token](Core&, Moment, Changes& changes) { changes.push_back(PutToken{token}); },
               [this, token, reactor](const Status& committed) {
                 if (committed.ok()) access_.Add(token);
                 if (committed.ok()) spdlog::info("worker {} enrolled", token.name);
                 reactor->Finish(committed.ok() ? grpc::Status::OK : ToGrpc(committed.error()));
               });
  return reactor;
}

grpc::ServerBidiReactor<v1::WorkerFrame, v1::CoordinatorFrame>* WorkerServiceImpl::Session(
    grpc::CallbackServerContext* context) {
  Result<Identity> identity = access_.Check(*context, Rpc::kSession);
  if (!identity.ok()) return new RefusedStream(identity.error());
  return WorkerStream::Open(writer_, hub_, keeper_, *std::move(identity), settings_);
}

}  // namespace tutti
