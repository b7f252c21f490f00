// A sweep file comes in: parsed and checked here, planned and stored by the core.
#include <memory>
#include <utility>
#include <vector>

#include "common/nearest_word.h"
#include "common/rpc/channel.h"
#include "common/safe_path.h"
#include "coordinator/core/digest.h"
#include "coordinator/core/run_plan.h"
#include "coordinator/rpc/chunk_pace.h"
#include "coordinator/rpc/held_files.h"
#include "coordinator/rpc/limits.h"
#include "coordinator/rpc/names.h"
#include "coordinator/rpc/sweep_service.h"
#include "coordinator/sweep_file/sweep_file.h"

namespace tutti {
namespace {

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

struct SubmitState {
  SubmitSweep submit;
  ChunkPace pace;
  SubmitReport report;  // of what is committed or on its way
};

}  // namespace

Result<std::shared_ptr<BlobHold>> SweepServiceImpl::PrepareSubmit(
    const v1::SubmitSweepRequest& request, tutti::SubmitSweep& submit) {
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
  std::vector<NamedFile> named;
  for (const auto& file_of_runner : request.runner_files()) {
    named.push_back({"runner.files: " + file_of_runner.path(), file_of_runner.blob_hash()});
  }
  if (!submit.spec.dataset.empty()) {
    TUTTI_RETURN_IF_ERROR(PrepareDataset(file, submit));
  }
  TUTTI_ASSIGN_OR_RETURN(submit.runs,
                         PlanRuns(submit.spec, submit.dataset_version, submit.manifest));
  if (!submit.spec.dataset.empty()) {
    for (NamedFile& track : FilesOf(submit.dataset_version, submit.manifest)) {
      named.push_back(std::move(track));
    }
  }
  // A dry run is told before its files are sent.
  if (request.dry_run()) return std::shared_ptr<BlobHold>();
  return HoldFiles(keeper_, named,
                   "send them with the same command again; the dataset's by tutti dataset add");
}

Status SweepServiceImpl::PrepareDataset(const std::string& file, tutti::SubmitSweep& submit) {
  TUTTI_ASSIGN_OR_RETURN(const auto reader, readers_.Borrow());
  const auto dataset = reader->Dataset(submit.spec.dataset);
  if (!dataset.ok()) {
    TUTTI_ASSIGN_OR_RETURN(const auto all, reader->Datasets());
    std::vector<std::string> names;
    for (const DatasetRecord& known : all) names.push_back(known.name);
    return NotFound(file + ": dataset \"" + submit.spec.dataset + "\" is not registered" +
                    DidYouMean(submit.spec.dataset, names,
                               "tutti dataset add " + submit.spec.dataset + " DIR registers it"));
  }
  submit.dataset_version = dataset->version;
  TUTTI_ASSIGN_OR_RETURN(const auto manifest, manifests_.Get(dataset->version));
  submit.manifest = *manifest;
  return {};
}

grpc::ServerUnaryReactor* SweepServiceImpl::SubmitSweep(grpc::CallbackServerContext* context,
                                                        const v1::SubmitSweepRequest* request,
                                                        v1::SubmitSweepResponse* response) {
  const auto state = std::make_shared<SubmitState>();
  ChangingCall call{Rpc::kSubmitSweep};
  call.is_rehearsal = request->dry_run();
  call.aside = &aside_;
  call.prepare = [this, request, state]() -> Result<std::shared_ptr<BlobHold>> {
    if (!request->dry_run()) TUTTI_RETURN_IF_ERROR(disk_.AllowNewWork());
    return PrepareSubmit(*request, state->submit);
  };
  call.decide = [this, state, response](Core& core, Moment now, Changes& changes) -> Status {
    // The clock itself: a batch's moment is that of its begin.
    state->submit.jobs_at_once = state->pace.Next(clock_.SteadyNow());
    auto report =
        state->report.is_unfinished
            ? core.ContinueSubmit(state->report.sweep, state->submit.jobs_at_once, now, changes)
            : core.Submit(state->submit, now, changes);
    if (!report.ok()) return report.error();
    state->report = *std::move(report);
    if (!state->report.is_unfinished) ToProto(state->report, state->submit.spec.name, *response);
    return {};
  };
  call.is_unfinished = [state] { return state->report.is_unfinished; };
  call.tell = [this, state] { hub_.SendDrops(state->report.drops); };
  return Change(context, std::move(call), *request, *response);
}

}  // namespace tutti
