#include "coordinator/rpc/changing_call.h"

#include <utility>

#include "common/rpc/channel.h"

namespace tutti {
namespace {

grpc::ServerUnaryReactor* Finish(grpc::ServerUnaryReactor* reactor, const Status& status) {
  reactor->Finish(status.ok() ? grpc::Status::OK : ToGrpc(status.error()));
  return reactor;
}

}  // namespace

// From the first look at the request until the answer.
struct CallCarrier::OpenCall {
  grpc::ServerUnaryReactor* reactor;
  std::shared_ptr<RememberedCalls::Ticket> ticket;
  ChangingCall parts;
  google::protobuf::Message& response;
  std::shared_ptr<BlobHold> hold{};
  Status decided{};

  bool HasMoreToDecide() const {
    return decided.ok() && parts.is_unfinished && parts.is_unfinished();
  }
  void End(const Status& status) {
    hold.reset();
    // Free for whoever asks again as soon as it is answered.
    ticket->Release();
    Finish(reactor, status);
  }
};

grpc::ServerUnaryReactor* CallCarrier::Carry(grpc::CallbackServerContext* context,
                                             ChangingCall call,
                                             const google::protobuf::Message& request,
                                             google::protobuf::Message& response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  if (const auto identity = access_.Check(*context, call.rpc); !identity.ok()) {
    return Finish(reactor, identity.error());
  }
  auto ticket = remembered_.Begin(request, response);
  if (!ticket.ok()) return Finish(reactor, ticket.error());
  if (*ticket == nullptr) return Finish(reactor, {});
  return Post(reactor, *std::move(ticket), std::move(call), response);
}

grpc::ServerUnaryReactor* CallCarrier::CarryAs(const std::string& id,
                                               grpc::CallbackServerContext* context,
                                               ChangingCall call,
                                               const google::protobuf::Message& request,
                                               google::protobuf::Message& response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  auto ticket = remembered_.BeginAs(id, request, response);
  if (ticket.ok() && *ticket == nullptr) return Finish(reactor, {});
  // Before the caller is looked at, who may be about to lose the right that this call uses up.
  if (!ticket.ok() && ticket.error().code == ErrorCode::kUnavailable) {
    return Finish(reactor, ticket.error());
  }
  const auto identity = access_.Check(*context, call.rpc);
  if (!identity.ok()) {
    if (ticket.ok()) (*ticket)->Release();
    return Finish(reactor, identity.error());
  }
  if (!ticket.ok()) return Finish(reactor, ticket.error());
  return Post(reactor, *std::move(ticket), std::move(call), response);
}

grpc::ServerUnaryReactor* CallCarrier::Post(grpc::ServerUnaryReactor* reactor,
                                            std::shared_ptr<RememberedCalls::Ticket> ticket,
                                            ChangingCall call,
                                            google::protobuf::Message& response) {
  auto open =
      std::make_shared<OpenCall>(OpenCall{reactor, std::move(ticket), std::move(call), response});
  if (open->parts.aside == nullptr) {
    Prepare(open);
  } else if (const Status posted = open->parts.aside->Post([this, open] { Prepare(open); });
             !posted.ok()) {
    open->End(posted);
  }
  return reactor;
}

void CallCarrier::Prepare(const std::shared_ptr<OpenCall>& call) {
  if (call->parts.prepare) {
    auto hold = call->parts.prepare();
    if (!hold.ok()) return call->End(hold.error());
    call->hold = *std::move(hold);
  }
  Decide(call);
}

void CallCarrier::Decide(const std::shared_ptr<OpenCall>& call) {
  call->decided = Unavailable("nothing was decided");
  writer_.Post(
      [call](Core& core, Moment now, Changes& changes) {
        call->decided = call->parts.decide(core, now, changes);
        const bool is_done = call->decided.ok() && !call->HasMoreToDecide();
        if (!is_done || call->parts.is_rehearsal) return;
        changes.push_back(call->ticket->Remember(call->response, now.wall));
      },
      [this, call](const Status& committed) {
        if (committed.ok() && call->HasMoreToDecide()) return Decide(call);
        if (committed.ok() && call->decided.ok() && call->parts.tell) call->parts.tell();
        if (!committed.ok() && call->decided.ok() && call->parts.undo) call->parts.undo();
        call->End(committed.ok() ? call->decided : committed);
      });
}

}  // namespace tutti
