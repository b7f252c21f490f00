// What changes a sweep or a job that is there: one core call each, answered after its commit.
#include <memory>
#include <optional>
#include <utility>

#include "common/rpc/channel.h"
#include "coordinator/rpc/convert.h"
#include "coordinator/rpc/sweep_service.h"

namespace tutti {
namespace {

Result<SweepChange> ChangeOf(const v1::ChangeSweepRequest& request) {
  switch (request.change_case()) {
    case v1::ChangeSweepRequest::kCancel:
      return CancelSweep{};
    case v1::ChangeSweepRequest::kPause:
      return PauseSweep{};
    case v1::ChangeSweepRequest::kResume:
      return ResumeSweep{};
    case v1::ChangeSweepRequest::kRetry:
      return RetrySweep{request.retry().only_failed()};
    case v1::ChangeSweepRequest::kDelete:
      return DeleteSweep{};
    case v1::ChangeSweepRequest::kSetPriority:
      return SetSweepPriority{request.set_priority().priority()};
    case v1::ChangeSweepRequest::CHANGE_NOT_SET:
      break;
  }
  return InvalidArgument(
      "a change that this coordinator does not know: use a tutti of its version");
}

}  // namespace

grpc::ServerUnaryReactor* SweepServiceImpl::ChangeSweep(grpc::CallbackServerContext* context,
                                                        const v1::ChangeSweepRequest* request,
                                                        v1::ChangeSweepResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  if (const auto identity = access_.Check(*context, Rpc::kChangeSweep); !identity.ok()) {
    reactor->Finish(ToGrpc(identity.error()));
    return reactor;
  }
  const Result<SweepChange> change = ChangeOf(*request);
  if (!change.ok()) {
    reactor->Finish(ToGrpc(change.error()));
    return reactor;
  }
  auto report = std::make_shared<Result<SweepChangeReport>>(SweepChangeReport{});
  writer_.Post([report, name = request->sweep(), change = *change](
                   Core& core, Moment now,
                   Changes& changes) { *report = core.ChangeSweep(name, change, now, changes); },
               [this, report, response, reactor](const Status& committed) {
                 if (!committed.ok()) return reactor->Finish(ToGrpc(committed.error()));
                 if (!report->ok()) return reactor->Finish(ToGrpc(report->error()));
                 hub_.SendDrops((*report)->drops);
                 response->set_runs((*report)->runs);
                 reactor->Finish(grpc::Status::OK);
               });
  return reactor;
}

grpc::ServerUnaryReactor* SweepServiceImpl::CancelJob(grpc::CallbackServerContext* context,
                                                      const v1::CancelJobRequest* request,
                                                      v1::CancelJobResponse*) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  if (const auto identity = access_.Check(*context, Rpc::kCancelJob); !identity.ok()) {
    reactor->Finish(ToGrpc(identity.error()));
    return reactor;
  }
  auto drops = std::make_shared<Result<std::vector<Drop>>>(std::vector<Drop>{});
  writer_.Post(
      [drops, id = JobId{request->id()}](Core& core, Moment now, Changes& changes) {
        *drops = core.CancelJob(id, now, changes);
      },
      [this, drops, reactor](const Status& committed) {
        if (!committed.ok()) return reactor->Finish(ToGrpc(committed.error()));
        if (!drops->ok()) return reactor->Finish(ToGrpc(drops->error()));
        hub_.SendDrops(**drops);
        reactor->Finish(grpc::Status::OK);
      });
  return reactor;
}

}  // namespace tutti
