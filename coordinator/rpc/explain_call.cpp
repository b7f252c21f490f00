// Why a job or a sweep stands where it stands.
#include <memory>
#include <optional>
#include <utility>

#include "common/rpc/channel.h"
#include "coordinator/rpc/explain_view.h"
#include "coordinator/rpc/sweep_service.h"

namespace tutti {
namespace {

// What is asked about.
struct Question {
  std::optional<SweepRecord> sweep;
  std::optional<JobId> job;  // the one asked about, or a run of the sweep that waits
};

Result<Question> QuestionOf(const v1::ExplainRequest& request, StoreReader& reader) {
  Question question;
  switch (request.what_case()) {
    case v1::ExplainRequest::kJobId:
      question.job = JobId{request.job_id()};
      return question;
    case v1::ExplainRequest::kSweep: {
      TUTTI_ASSIGN_OR_RETURN(question.sweep, reader.Sweep(request.sweep()));
      TUTTI_ASSIGN_OR_RETURN(question.job, WaitingRunOf(*question.sweep, reader));
      return question;
    }
    case v1::ExplainRequest::WHAT_NOT_SET:
      break;
  }
  return InvalidArgument("explain: expected a job or a sweep");
}

bool IsWaiting(JobPhase phase) {
  return phase == JobPhase::kBlocked || phase == JobPhase::kReady;
}

// While the coordinator's disk is all but full nobody is given anything, whatever else is true.
void AddDisk(const DiskGuard& disk, v1::ExplainResponse& response) {
  const Status allowed = disk.AllowNewWork();
  if (allowed.ok()) return;
  v1::ExplainResponse::Reason& reason = *response.add_reasons();
  reason.set_code("coordinator_disk_full");
  reason.set_text(allowed.error().message);
}

}  // namespace

grpc::ServerUnaryReactor* SweepServiceImpl::Explain(grpc::CallbackServerContext* context,
                                                    const v1::ExplainRequest* request,
                                                    v1::ExplainResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  auto question = std::make_shared<Question>();
  const auto prepare = [&]() -> Status {
    TUTTI_ASSIGN_OR_RETURN(const Identity identity, access_.Check(*context, Rpc::kExplain));
    TUTTI_ASSIGN_OR_RETURN(const auto reader, readers_.Borrow());
    TUTTI_ASSIGN_OR_RETURN(*question, QuestionOf(*request, *reader));
    return {};
  };
  if (const Status prepared = prepare(); !prepared.ok()) {
    reactor->Finish(ToGrpc(prepared.error()));
    return reactor;
  }
  auto facts = std::make_shared<std::optional<Result<JobFacts>>>();
  writer_.PostLook(
      [this, question, facts](const Core& core) {
        if (question->job) *facts = FactsOf(core, *question->job, clock_.SteadyNow());
      },
      [this, question, facts, response, reactor](const Status& looked) {
        const auto answer = [&]() -> Status {
          TUTTI_RETURN_IF_ERROR(looked);
          if (*facts && !(*facts)->ok()) return (*facts)->error();
          TUTTI_ASSIGN_OR_RETURN(const auto reader, readers_.Borrow());
          std::optional<JobFacts> known;
          if (*facts) known = ***facts;
          if (known && IsWaiting(known->situation.phase)) AddDisk(disk_, *response);
          if (!question->sweep) return ViewJobExplanation(*known, *reader, *response);
          return ViewSweepExplanation(*question->sweep, known, *reader, *response);
        };
        const Status answered = answer();
        reactor->Finish(answered.ok() ? grpc::Status::OK : ToGrpc(answered.error()));
      });
  return reactor;
}

}  // namespace tutti
