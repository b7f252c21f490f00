// What all calls that change something have in common: the caller is checked, a repeated call is
// answered as before, and else its effect and its reply are one transaction.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include <google/protobuf/message.h>
#include <grpcpp/grpcpp.h>

#include "coordinator/blobs/blob_keeper.h"
#include "coordinator/rpc/access.h"
#include "coordinator/rpc/aside.h"
#include "coordinator/rpc/remembered_calls.h"
#include "coordinator/writer/writer.h"

namespace tutti {

// The parts of one such call, in their order.
struct ChangingCall {
  Rpc rpc;
  bool is_rehearsal = false;  // changes nothing, so nothing is remembered
  // May be left out. Off the writer's thread; what it returns is held until the commit.
  std::function<Result<std::shared_ptr<BlobHold>>()> prepare{};
  // May be left out. Where prepare is long: done there, and not on gRPC's thread.
  Aside* aside = nullptr;
  // One core call; fills the response.
  std::function<Status(Core&, Moment, Changes&)> decide{};
  // May be left out. Whether there is more to decide after that, in a transaction of its own, so
  // that what others want comes between. The reply is remembered with the last.
  std::function<bool()> is_unfinished{};
  // May be left out. After the commit: what workers are to know.
  std::function<void()> tell{};
  // May be left out. After a commit that failed, where decide was well: what decide took out of
  // memory or put there goes back.
  std::function<void()> undo{};
};

// Thread-safe; what it refers to outlives it.
class CallCarrier {
 public:
  CallCarrier(Writer& writer, const AccessControl& access, ReaderPool& readers)
      : writer_(writer), access_(access), remembered_(readers) {}

  // By the request's own request_id.
  grpc::ServerUnaryReactor* Carry(grpc::CallbackServerContext* context, ChangingCall call,
                                  const google::protobuf::Message& request,
                                  google::protobuf::Message& response);
  // By an id that follows from the call itself. The caller is checked only where it was not
  // carried out before.
  grpc::ServerUnaryReactor* CarryAs(const std::string& id, grpc::CallbackServerContext* context,
                                    ChangingCall call, const google::protobuf::Message& request,
                                    google::protobuf::Message& response);

 private:
  grpc::ServerUnaryReactor* Post(grpc::ServerUnaryReactor* reactor,
                                 std::shared_ptr<RememberedCalls::Ticket> ticket, ChangingCall call,
                                 google::protobuf::Message& response);

  struct OpenCall;
  void Prepare(const std::shared_ptr<OpenCall>& call);
  void Decide(const std::shared_ptr<OpenCall>& call);

  Writer& writer_;
  const AccessControl& access_;
  RememberedCalls remembered_;
};

}  // namespace tutti
