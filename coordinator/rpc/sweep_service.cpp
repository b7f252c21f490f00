#include "coordinator/rpc/sweep_service.h"

#include <algorithm>
#include <utility>

#include "common/rpc/channel.h"
#include "coordinator/rpc/convert.h"
#include "coordinator/rpc/limits.h"
#include "coordinator/rpc/views.h"

namespace tutti {
namespace {

grpc::Status Reply(const Status& status) {
  return status.ok() ? grpc::Status::OK : ToGrpc(status.error());
}

// The same bytes, as long as gRPC needs them.
grpc::ByteBuffer Share(const TableCache::Answer& answer) {
  auto* holder = new TableCache::Answer(answer);
  const grpc::Slice slice(
      const_cast<char*>(answer->data()), answer->size(),
      [](void* held) { delete static_cast<TableCache::Answer*>(held); }, holder);
  return grpc::ByteBuffer(&slice, 1);
}

}  // namespace

SweepServiceImpl::SweepServiceImpl(Writer& writer, SessionHub& hub, ReaderPool& readers,
                                   BlobKeeper& keeper, const DiskGuard& disk,
                                   ManifestCache& manifests, LeaseBuilder& leases,
                                   TableCache& tables, const AccessControl& access,
                                   const Clock& clock, std::string version)
    : writer_(writer),
      hub_(hub),
      readers_(readers),
      keeper_(keeper),
      disk_(disk),
      manifests_(manifests),
      leases_(leases),
      tables_(tables),
      access_(access),
      clock_(clock),
      carrier_(writer, access, readers),
      version_(std::move(version)) {}

grpc::ServerUnaryReactor* SweepServiceImpl::Read(grpc::CallbackServerContext* context, Rpc rpc,
                                                 const std::function<Status(StoreReader&)>& read) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const auto answer = [&]() -> Status {
    TUTTI_ASSIGN_OR_RETURN(const Identity identity, access_.Check(*context, rpc));
    TUTTI_ASSIGN_OR_RETURN(const auto reader, readers_.Borrow());
    return read(*reader);
  };
  reactor->Finish(Reply(answer()));
  return reactor;
}

grpc::ServerUnaryReactor* SweepServiceImpl::GetServerInfo(grpc::CallbackServerContext* context,
                                                          const v1::GetServerInfoRequest*,
                                                          v1::GetServerInfoResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const Result<Identity> identity = access_.Check(*context, Rpc::kGetServerInfo);
  if (identity.ok()) {
    response->set_version(version_);
    response->set_role(std::string(Name(identity->role)));
    response->set_now_unix_ms(ToInt(clock_.WallNow()));
  }
  reactor->Finish(identity.ok() ? grpc::Status::OK : ToGrpc(identity.error()));
  return reactor;
}

grpc::ServerUnaryReactor* SweepServiceImpl::ListDatasets(grpc::CallbackServerContext* context,
                                                         const v1::ListDatasetsRequest*,
                                                         v1::ListDatasetsResponse* response) {
  return Read(context, Rpc::kListDatasets, [&](StoreReader& reader) -> Status {
    TUTTI_ASSIGN_OR_RETURN(const auto datasets, reader.Datasets());
    for (const DatasetRecord& dataset : datasets) {
      *response->add_datasets() = tutti::ToProto(dataset);
    }
    return {};
  });
}

grpc::ServerUnaryReactor* SweepServiceImpl::ListSweeps(grpc::CallbackServerContext* context,
                                                       const v1::ListSweepsRequest*,
                                                       v1::ListSweepsResponse* response) {
  return Read(context, Rpc::kListSweeps, [&](StoreReader& reader) -> Status {
    TUTTI_ASSIGN_OR_RETURN(const auto sweeps, reader.Sweeps());
    for (const SweepRecord& sweep : sweeps) {
      if (sweep.state == SweepState::kDeleted) continue;
      TUTTI_ASSIGN_OR_RETURN(*response->add_sweeps(), ViewSweep(sweep, reader));
    }
    return {};
  });
}

grpc::ServerUnaryReactor* SweepServiceImpl::GetSweep(grpc::CallbackServerContext* context,
                                                     const v1::GetSweepRequest* request,
                                                     v1::GetSweepResponse* response) {
  return Read(context, Rpc::kGetSweep, [&](StoreReader& reader) -> Status {
    TUTTI_ASSIGN_OR_RETURN(const SweepRecord sweep, reader.Sweep(request->name()));
    TUTTI_RETURN_IF_ERROR(ViewSweepDetails(sweep, reader, manifests_, *response));
    if (request->busy_time()) {
      TUTTI_RETURN_IF_ERROR(ViewBusyTime(sweep, clock_.WallNow(), reader, *response));
    }
    if (request->past_estimates()) return ViewPastEstimates(sweep, reader, *response);
    return {};
  });
}

grpc::ServerUnaryReactor* SweepServiceImpl::GetTable(grpc::CallbackServerContext* context,
                                                     const grpc::ByteBuffer* request,
                                                     grpc::ByteBuffer* response) {
  return Read(context, Rpc::kGetTable, [&](StoreReader& reader) -> Status {
    grpc::ByteBuffer bytes = *request;
    v1::GetTableRequest asked;
    if (!grpc::SerializationTraits<v1::GetTableRequest>::Deserialize(&bytes, &asked).ok()) {
      return InvalidArgument("a request that is no GetTableRequest");
    }
    TUTTI_ASSIGN_OR_RETURN(const TableCache::Answer answer, TableOf(asked, reader));
    *response = Share(answer);
    return {};
  });
}

Result<TableCache::Answer> SweepServiceImpl::TableOf(const v1::GetTableRequest& request,
                                                     StoreReader& reader) {
  TUTTI_ASSIGN_OR_RETURN(SweepRecord sweep, reader.Sweep(request.sweep()));
  const TableCache::Version version = tables_.VersionOf(sweep.id);
  std::string question = request.SerializeAsString();
  if (auto kept = tables_.Find(sweep.id, question, version)) return kept;
  TUTTI_ASSIGN_OR_RETURN(sweep, reader.Sweep(sweep.id));  // not older than the version
  v1::GetTableResponse table;
  TUTTI_RETURN_IF_ERROR(ViewTable(sweep, request, reader, manifests_, table));
  auto answer = std::make_shared<const std::string>(table.SerializeAsString());
  tables_.Keep(sweep.id, std::move(question), version, answer);
  return answer;
}

grpc::ServerUnaryReactor* SweepServiceImpl::ListJobs(grpc::CallbackServerContext* context,
                                                     const v1::ListJobsRequest* request,
                                                     v1::ListJobsResponse* response) {
  return Read(context, Rpc::kListJobs, [&](StoreReader& reader) -> Status {
    TUTTI_ASSIGN_OR_RETURN(const SweepRecord sweep, reader.Sweep(request->sweep()));
    JobFilter filter;
    filter.sweep = sweep.id;
    filter.after = JobId{request->after_job_id()};
    filter.limit = request->limit() > 0 ? std::min<std::int64_t>(request->limit(), kJobsPerPage)
                                        : kJobsPerPage;
    for (const int phase : request->phases()) {
      filter.phases.push_back(FromProto(static_cast<v1::JobPhase>(phase)));
    }
    TUTTI_ASSIGN_OR_RETURN(const auto jobs, reader.Jobs(filter));
    for (const JobRecord& job : jobs) {
      TUTTI_ASSIGN_OR_RETURN(*response->add_jobs(), ViewJobOf(sweep, job, reader));
    }
    response->set_more(static_cast<std::int64_t>(jobs.size()) == filter.limit);
    return {};
  });
}

grpc::ServerUnaryReactor* SweepServiceImpl::GetJob(grpc::CallbackServerContext* context,
                                                   const v1::GetJobRequest* request,
                                                   v1::GetJobResponse* response) {
  return Read(context, Rpc::kGetJob, [&](StoreReader& reader) -> Status {
    return ViewJobDetails(JobId{request->id()}, reader, manifests_, *response);
  });
}

grpc::ServerUnaryReactor* SweepServiceImpl::GetLog(grpc::CallbackServerContext* context,
                                                   const v1::GetLogRequest* request,
                                                   v1::GetLogResponse* response) {
  return Read(context, Rpc::kGetLog,
              [&](StoreReader& reader) -> Status { return ViewLog(*request, reader, *response); });
}

grpc::ServerUnaryReactor* SweepServiceImpl::GetRunLease(grpc::CallbackServerContext* context,
                                                        const v1::GetRunLeaseRequest* request,
                                                        v1::GetRunLeaseResponse* response) {
  return Read(context, Rpc::kGetRunLease, [&](StoreReader& reader) -> Status {
    TUTTI_ASSIGN_OR_RETURN(const JobRecord job, reader.Job(JobId{request->job_id()}));
    if (job.kind != JobKind::kTrain || job.phase != JobPhase::kSucceeded) {
      return FailedPrecondition("job " + std::to_string(job.id.value) + " is a " +
                                std::string(Name(job.kind)) + " job and " +
                                std::string(Name(job.phase)) +
                                "; only a train job that succeeded can be done again");
    }
    SweepsOfLeases sweeps;
    TUTTI_ASSIGN_OR_RETURN(*response->mutable_lease(),
                           leases_.Build(Grant{{}, {job.id, job.last_attempt}}, reader, sweeps));
    return {};
  });
}

grpc::ServerUnaryReactor* SweepServiceImpl::ListEvents(grpc::CallbackServerContext* context,
                                                       const v1::ListEventsRequest* request,
                                                       v1::ListEventsResponse* response) {
  return Read(context, Rpc::kListEvents, [&](StoreReader& reader) -> Status {
    return ViewEvents(*request, reader, *response);
  });
}

}  // namespace tutti
