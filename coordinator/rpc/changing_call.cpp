// What all calls that change something have in common.
#include <memory>
#include <utility>

#include "common/rpc/channel.h"
#include "coordinator/rpc/sweep_service.h"

namespace tutti {
namespace {

grpc::ServerUnaryReactor* Finish(grpc::ServerUnaryReactor* reactor, const Status& status) {
  reactor->Finish(status.ok() ? grpc::Status::OK : ToGrpc(status.error()));
  return reactor;
}

// From the first look at the request until the answer.
struct CallState {
  std::shared_ptr<RememberedCalls::Ticket> ticket;
  std::shared_ptr<BlobHold> hold;
  Status decided;
};

}  // namespace

grpc::ServerUnaryReactor* SweepServiceImpl::Change(grpc::CallbackServerContext* context,
                                                   ChangingCall call,
                                                   const google::protobuf::Message& request,
                                                   google::protobuf::Message& response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  if (const auto identity = access_.Check(*context, call.rpc); !identity.ok()) {
    return Finish(reactor, identity.error());
  }
  auto state = std::make_shared<CallState>();
  auto ticket = remembered_.Begin(request, response);
  if (!ticket.ok()) return Finish(reactor, ticket.error());
  state->ticket = *std::move(ticket);
  if (state->ticket == nullptr) return Finish(reactor, {});
  if (call.prepare) {
    auto hold = call.prepare();
    if (!hold.ok()) {
      state->ticket->Release();
      return Finish(reactor, hold.error());
    }
    state->hold = *std::move(hold);
  }
  writer_.Post(
      [state, decide = std::move(call.decide), rehearsal = call.is_rehearsal, &response](
          Core& core, Moment now, Changes& changes) {
        state->decided = decide(core, now, changes);
        if (!state->decided.ok() || rehearsal) return;
        changes.push_back(state->ticket->Remember(response, now.wall));
      },
      [state, tell = std::move(call.tell), reactor](const Status& committed) {
        state->ticket->Release();
        state->hold.reset();
        if (!committed.ok()) return void(Finish(reactor, committed));
        if (state->decided.ok() && tell) tell();
        Finish(reactor, state->decided);
      });
  return reactor;
}

}  // namespace tutti
