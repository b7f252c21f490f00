// Workers, as clients see and change them.
#include <memory>
#include <utility>
#include <vector>

#include "common/rpc/channel.h"
#include "coordinator/rpc/sweep_service.h"
#include "coordinator/rpc/views.h"

namespace tutti {
namespace {

Result<WorkerChange> ChangeOf(const v1::ChangeWorkerRequest& request) {
  switch (request.change_case()) {
    case v1::ChangeWorkerRequest::kDrain:
      return WorkerChange::kDrain;
    case v1::ChangeWorkerRequest::kUndrain:
      return WorkerChange::kUndrain;
    case v1::ChangeWorkerRequest::CHANGE_NOT_SET:
      break;
  }
  return InvalidArgument(
      "a change that this coordinator does not know: use a tutti of its version");
}

}  // namespace

grpc::ServerUnaryReactor* SweepServiceImpl::ChangeWorker(grpc::CallbackServerContext* context,
                                                         const v1::ChangeWorkerRequest* request,
                                                         v1::ChangeWorkerResponse* response) {
  ChangingCall call{Rpc::kChangeWorker};
  call.decide = [request, response](Core& core, Moment now, Changes& changes) -> Status {
    TUTTI_ASSIGN_OR_RETURN(const WorkerChange change, ChangeOf(*request));
    TUTTI_ASSIGN_OR_RETURN(const WorkerChangeReport report,
                           core.ChangeWorker(request->worker(), change, now, changes));
    response->set_id(report.id.value);
    response->set_name(report.name);
    response->set_changed(report.changed);
    response->set_running(report.live);
    return {};
  };
  call.tell = [this, request, response] {
    v1::CoordinatorFrame frame;
    frame.set_drain(request->has_drain());
    frame.set_undrain(request->has_undrain());
    hub_.Send(WorkerId{response->id()}, std::move(frame));
  };
  return Change(context, std::move(call), *request, *response);
}

grpc::ServerUnaryReactor* SweepServiceImpl::ListWorkers(grpc::CallbackServerContext* context,
                                                        const v1::ListWorkersRequest*,
                                                        v1::ListWorkersResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  if (const auto identity = access_.Check(*context, Rpc::kListWorkers); !identity.ok()) {
    reactor->Finish(ToGrpc(identity.error()));
    return reactor;
  }
  auto status = std::make_shared<std::vector<WorkerStatus>>();
  writer_.PostLook(
      [status](const Core& core) { *status = core.Workers(); },
      [this, status, response, reactor](const Status& looked) {
        const auto answer = [&]() -> Status {
          TUTTI_RETURN_IF_ERROR(looked);
          TUTTI_ASSIGN_OR_RETURN(const auto reader, readers_.Borrow());
          TUTTI_RETURN_IF_ERROR(ViewWorkers(*status, clock_.WallNow(), *reader, *response));
          for (v1::WorkerInfo& worker : *response->mutable_workers()) {
            const auto use = hub_.UseOf(WorkerId{worker.id()});
            if (use && worker.connected()) *worker.mutable_use() = *use;
          }
          return {};
        };
        const Status answered = answer();
        reactor->Finish(answered.ok() ? grpc::Status::OK : ToGrpc(answered.error()));
      });
  return reactor;
}

}  // namespace tutti
