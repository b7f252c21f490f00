// What changes a sweep or a job that is there.
#include <memory>
#include <utility>
#include <vector>

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
  auto drops = std::make_shared<std::vector<Drop>>();
  ChangingCall call{Rpc::kChangeSweep};
  call.decide = [request, response, drops](Core& core, Moment now, Changes& changes) -> Status {
    TUTTI_ASSIGN_OR_RETURN(const SweepChange change, ChangeOf(*request));
    TUTTI_ASSIGN_OR_RETURN(SweepChangeReport report,
                           core.ChangeSweep(request->sweep(), change, now, changes));
    response->set_runs(report.runs);
    *drops = std::move(report.drops);
    return {};
  };
  call.tell = [this, drops] { hub_.SendDrops(*drops); };
  return Change(context, std::move(call), *request, *response);
}

grpc::ServerUnaryReactor* SweepServiceImpl::CancelJob(grpc::CallbackServerContext* context,
                                                      const v1::CancelJobRequest* request,
                                                      v1::CancelJobResponse* response) {
  auto drops = std::make_shared<std::vector<Drop>>();
  ChangingCall call{Rpc::kCancelJob};
  call.decide = [request, drops](Core& core, Moment now, Changes& changes) -> Status {
    TUTTI_ASSIGN_OR_RETURN(*drops, core.CancelJob(JobId{request->id()}, now, changes));
    return {};
  };
  call.tell = [this, drops] { hub_.SendDrops(*drops); };
  return Change(context, std::move(call), *request, *response);
}

}  // namespace tutti
