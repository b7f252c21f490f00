#include "coordinator/rpc/sweep_service.h"

#include <algorithm>
#include <memory>
#include <set>
#include <utility>

#include <spdlog/spdlog.h>

#include "common/rpc/channel.h"
#include "common/safe_path.h"
#include "coordinator/core/digest.h"
#include "coordinator/rpc/convert.h"
#include "coordinator/rpc/limits.h"
#include "coordinator/rpc/views.h"
#include "coordinator/sweep_file/sweep_file.h"

namespace tutti {
namespace {

grpc::Status Reply(const Status& status) {
  return status.ok() ? grpc::Status::OK : ToGrpc(status.error());
}

DatasetRecord Describe(const std::string& name, const std::string& version,
                       const Manifest& manifest, UnixMillis now) {
  DatasetRecord dataset;
  dataset.name = name;
  dataset.version = version;
  dataset.registered_at = now;
  dataset.tracks = static_cast<std::int64_t>(manifest.tracks.size());
  dataset.classes = manifest.classes;
  dataset.tracks_per_class.assign(manifest.classes.size(), 0);
  std::set<std::string> groups;
  for (const ManifestTrack& track : manifest.tracks) {
    ++dataset.tracks_per_class[static_cast<std::size_t>(track.label)];
    dataset.size_bytes += static_cast<std::int64_t>(track.size_bytes);
    if (!track.group.empty()) groups.insert(track.group);
  }
  dataset.groups = static_cast<std::int64_t>(groups.size());
  return dataset;
}

Status CheckName(const std::string& what, const std::string& name) {
  const auto fine = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  };
  if (!name.empty() && name.size() <= kMaxNameBytes && std::ranges::all_of(name, fine) &&
      name[0] != '.' && name[0] != '-') {
    return {};
  }
  return InvalidArgument(what + ": expected 1 to " + std::to_string(kMaxNameBytes) +
                         " letters, digits, '-', '_' or '.', beginning with none of '-' and '.'; "
                         "got \"" +
                         name.substr(0, kMaxNameBytes) + "\"");
}

// Null where no folder came with the sweep file.
Result<Json> RunnerFilesOf(const v1::SubmitSweepRequest& request) {
  if (request.runner_files().empty()) return Json();
  if (request.runner_files_size() > kMaxRunnerFiles) {
    return InvalidArgument("runner.files: " + std::to_string(request.runner_files_size()) +
                           " files, at most " + std::to_string(kMaxRunnerFiles));
  }
  Json files = Json::array();
  for (const auto& file : request.runner_files()) {
    if (!IsSafeRelativePath(file.path()) || !DigestFromHex(file.blob_hash())) {
      return InvalidArgument("runner.files: \"" + file.path() +
                             "\": expected a path below the folder and a SHA-256");
    }
    files.push_back(
        {{"path", file.path()}, {"hash", file.blob_hash()}, {"executable", file.executable()}});
  }
  return files;
}

void ToProto(const SubmitReport& report, const std::string& name,
             v1::SubmitSweepResponse& response) {
  response.set_sweep(name);
  response.set_created(report.created);
  response.set_runs_planned(report.runs_planned);
  response.set_runs_added(report.runs_added);
  response.set_runs_already_there(report.runs_already_there);
  response.set_runs_no_longer_named(report.runs_no_longer_named);
  response.set_runs_removed(report.runs_removed);
  response.set_preprocess_jobs_added(report.preprocess_jobs_added);
  for (const std::string& note : report.notes) response.add_notes(note);
}

}  // namespace

SweepServiceImpl::SweepServiceImpl(Writer& writer, SessionHub& hub, ReaderPool& readers,
                                   ManifestCache& manifests, LeaseBuilder& leases,
                                   const AccessControl& access, const Clock& clock,
                                   std::string version)
    : writer_(writer),
      hub_(hub),
      readers_(readers),
      manifests_(manifests),
      leases_(leases),
      access_(access),
      clock_(clock),
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
  }
  reactor->Finish(identity.ok() ? grpc::Status::OK : ToGrpc(identity.error()));
  return reactor;
}

grpc::ServerUnaryReactor* SweepServiceImpl::RegisterDataset(
    grpc::CallbackServerContext* context, const v1::RegisterDatasetRequest* request,
    v1::RegisterDatasetResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  DatasetRecord dataset;
  const auto prepare = [&]() -> Status {
    TUTTI_ASSIGN_OR_RETURN(const Identity identity, access_.Check(*context, Rpc::kRegisterDataset));
    TUTTI_RETURN_IF_ERROR(CheckName("dataset name", request->name()));
    TUTTI_ASSIGN_OR_RETURN(const auto manifest, manifests_.Get(request->version()));
    TUTTI_ASSIGN_OR_RETURN(const auto reader, readers_.Borrow());
    const auto current = reader->Dataset(request->name());
    if (current.ok() && current->version == request->version()) {
      dataset = *current;
      return {};
    }
    dataset = Describe(request->name(), request->version(), *manifest, clock_.WallNow());
    response->set_changed(true);
    return {};
  };
  const Status prepared = prepare();
  if (!prepared.ok() || !response->changed()) {
    *response->mutable_dataset() = tutti::ToProto(dataset);
    reactor->Finish(Reply(prepared));
    return reactor;
  }
  *response->mutable_dataset() = tutti::ToProto(dataset);
  writer_.Post(
      [dataset](Core&, Moment now, Changes& changes) {
        changes.push_back(PutDataset{dataset});
        EventRecord event;
        event.at = now.wall;
        event.kind = "dataset_registered";
        event.detail = dataset.name + " " + dataset.version;
        changes.push_back(AppendEvent{event});
      },
      [reactor](const Status& committed) { reactor->Finish(Reply(committed)); });
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

Status SweepServiceImpl::PrepareSubmit(const v1::SubmitSweepRequest& request,
                                       tutti::SubmitSweep& submit) {
  if (request.sweep_file().size() > kMaxSweepFileBytes) {
    return InvalidArgument("sweep file: " + std::to_string(request.sweep_file().size()) +
                           " bytes, at most " + std::to_string(kMaxSweepFileBytes));
  }
  const std::string file = request.file_name().empty() ? "sweep file" : request.file_name();
  TUTTI_ASSIGN_OR_RETURN(const Json runner_files, RunnerFilesOf(request));
  TUTTI_ASSIGN_OR_RETURN(submit.spec, ParseSweepFile(request.sweep_file(), file, runner_files));
  TUTTI_RETURN_IF_ERROR(CheckName(file + ": name", submit.spec.name));
  submit.source = request.sweep_file();
  submit.prune = request.prune();
  submit.mode = request.dry_run() ? SubmitMode::kDryRun : SubmitMode::kApply;
  if (submit.spec.dataset.empty()) return {};
  TUTTI_ASSIGN_OR_RETURN(const auto reader, readers_.Borrow());
  const auto dataset = reader->Dataset(submit.spec.dataset);
  if (!dataset.ok()) {
    return NotFound(file + ": dataset \"" + submit.spec.dataset +
                    "\" is not registered; run tutti dataset add " + submit.spec.dataset + " DIR");
  }
  submit.dataset_version = dataset->version;
  TUTTI_ASSIGN_OR_RETURN(const auto manifest, manifests_.Get(dataset->version));
  submit.manifest = *manifest;
  return {};
}

grpc::ServerUnaryReactor* SweepServiceImpl::SubmitSweep(grpc::CallbackServerContext* context,
                                                        const v1::SubmitSweepRequest* request,
                                                        v1::SubmitSweepResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  auto submit = std::make_shared<tutti::SubmitSweep>();
  const auto prepare = [&]() -> Status {
    TUTTI_ASSIGN_OR_RETURN(const Identity identity, access_.Check(*context, Rpc::kSubmitSweep));
    return PrepareSubmit(*request, *submit);
  };
  if (const Status prepared = prepare(); !prepared.ok()) {
    reactor->Finish(Reply(prepared));
    return reactor;
  }
  auto report = std::make_shared<Result<SubmitReport>>(SubmitReport{});
  writer_.Post([submit, report](Core& core, Moment now,
                                Changes& changes) { *report = core.Submit(*submit, now, changes); },
               [this, submit, report, response, reactor](const Status& committed) {
                 if (!committed.ok()) return reactor->Finish(ToGrpc(committed.error()));
                 if (!report->ok()) return reactor->Finish(ToGrpc(report->error()));
                 hub_.SendDrops((*report)->drops);
                 ToProto(**report, submit->spec.name, *response);
                 reactor->Finish(grpc::Status::OK);
               });
  return reactor;
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
    return ViewSweepDetails(sweep, reader, manifests_, *response);
  });
}

grpc::ServerUnaryReactor* SweepServiceImpl::GetTable(grpc::CallbackServerContext* context,
                                                     const v1::GetTableRequest* request,
                                                     v1::GetTableResponse* response) {
  return Read(context, Rpc::kGetTable, [&](StoreReader& reader) -> Status {
    TUTTI_ASSIGN_OR_RETURN(const SweepRecord sweep, reader.Sweep(request->sweep()));
    return ViewTable(sweep, *request, reader, manifests_, *response);
  });
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
      TUTTI_ASSIGN_OR_RETURN(*response->add_jobs(), ViewJob(job, reader));
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
    TUTTI_ASSIGN_OR_RETURN(*response->mutable_lease(),
                           leases_.Build(Grant{{}, {job.id, job.last_attempt}}, reader));
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

grpc::ServerUnaryReactor* SweepServiceImpl::ListWorkers(grpc::CallbackServerContext* context,
                                                        const v1::ListWorkersRequest*,
                                                        v1::ListWorkersResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  if (const auto identity = access_.Check(*context, Rpc::kListWorkers); !identity.ok()) {
    reactor->Finish(ToGrpc(identity.error()));
    return reactor;
  }
  auto status = std::make_shared<std::vector<WorkerStatus>>();
  writer_.Post([status](Core& core, Moment, Changes&) { *status = core.Workers(); },
               [this, status, response, reactor](const Status& committed) {
                 const auto answer = [&]() -> Status {
                   TUTTI_RETURN_IF_ERROR(committed);
                   TUTTI_ASSIGN_OR_RETURN(const auto reader, readers_.Borrow());
                   return ViewWorkers(*status, *reader, *response);
                 };
                 reactor->Finish(Reply(answer()));
               });
  return reactor;
}

}  // namespace tutti
