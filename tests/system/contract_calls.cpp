#include "tests/system/contract_calls.h"

#include <future>

#include <grpc/support/time.h>
#include <grpcpp/generic/generic_stub.h>

#include "common/rpc/channel.h"

namespace tutti {
namespace {

constexpr int kMostSeconds = 60;

}  // namespace

std::map<std::string, grpc::Status> CallAll(const std::shared_ptr<grpc::Channel>& channel,
                                            const std::string& token,
                                            const MethodDescriptors& methods) {
  struct Call {
    grpc::ClientContext context;
    grpc::ByteBuffer request;
    grpc::ByteBuffer reply;
    std::promise<grpc::Status> ended;
  };
  grpc::GenericStub stub(channel);
  const grpc::Slice nothing;
  std::map<std::string, Call> calls;
  for (const auto* method : methods) {
    Call& call = calls[NameOf(*method)];
    if (!token.empty()) Authorize(call.context, token);
    call.context.set_deadline(gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                                           gpr_time_from_seconds(kMostSeconds, GPR_TIMESPAN)));
    call.request = grpc::ByteBuffer(&nothing, 1);
    // It holds nothing: the last reference to the channel must not go on gRPC's own thread, which
    // would wait for itself.
    stub.UnaryCall(&call.context, PathOf(*method), {}, &call.request, &call.reply,
                   [&call](const grpc::Status& status) { call.ended.set_value(status); });
  }
  std::map<std::string, grpc::Status> answers;
  for (auto& [method, call] : calls) answers[method] = call.ended.get_future().get();
  return answers;
}

}  // namespace tutti
