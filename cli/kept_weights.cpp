#include "cli/kept_weights.h"

#include "cli/queries.h"
#include "common/rpc/words.h"

namespace tutti {
namespace {

const v1::Artifact* Find(const v1::GetJobResponse& job, std::string_view name) {
  for (const v1::Artifact& artifact : job.artifacts()) {
    if (artifact.name() == name) return &artifact;
  }
  return nullptr;
}

Result<std::string> NewestSweepWithAFinishedRun(Connection& connection) {
  TUTTI_ASSIGN_OR_RETURN(const auto reply, connection.Call(&v1::SweepService::Stub::ListSweeps,
                                                           v1::ListSweepsRequest()));
  const v1::SweepInfo* newest = nullptr;
  for (const v1::SweepInfo& sweep : reply.sweeps()) {
    for (const v1::PhaseCount& count : sweep.runs()) {
      if (count.phase() != v1::JOB_PHASE_SUCCEEDED || count.jobs() == 0) continue;
      if (newest == nullptr || sweep.created_at_unix_ms() >= newest->created_at_unix_ms()) {
        newest = &sweep;
      }
    }
  }
  if (newest != nullptr) return newest->name();
  return FailedPrecondition(
      "no sweep has a finished run yet; tutti watch says how far they are, and --checkpoint FILE "
      "takes weights that you have");
}

}  // namespace

Result<KeptWeights> FindWeights(Connection& connection, std::int64_t id, WeightsKind kind) {
  TUTTI_ASSIGN_OR_RETURN(const auto job, JobDetails(connection, id));
  const std::string name = "job " + std::to_string(id);
  if (job.job().kind() == v1::JOB_KIND_PREPROCESS) {
    return InvalidArgument(name + " is of kind preprocess; only runs leave weights (tutti jobs " +
                           job.job().sweep() + " lists them)");
  }
  if (job.job().phase() != v1::JOB_PHASE_SUCCEEDED) {
    return FailedPrecondition(name + " is " + PhaseName(job.job().phase()) +
                              "; weights come with a run's result");
  }
  const v1::Artifact* artifact = Find(job, kind == WeightsKind::kLast ? "last" : "best");
  if (artifact == nullptr && kind == WeightsKind::kBestOrLast) artifact = Find(job, "last");
  if (artifact == nullptr) {
    const std::string wanted = kind == WeightsKind::kLast ? "last" : "best";
    return FailedPrecondition(name + " kept no " +
                              (kind == WeightsKind::kBestOrLast ? "weights" : wanted + " weights") +
                              "; a run needs keep_weights: " + wanted +
                              " (or both) in its sweep file when it is trained");
  }
  v1::GetSweepRequest request;
  request.set_name(job.job().sweep());
  TUTTI_ASSIGN_OR_RETURN(const auto sweep,
                         connection.Call(&v1::SweepService::Stub::GetSweep, request));
  return KeptWeights{id,
                     job.job().sweep(),
                     sweep.sweep().dataset_version(),
                     artifact->name(),
                     artifact->blob_hash(),
                     artifact->size_bytes()};
}

Result<std::int64_t> BestJob(Connection& connection, std::string sweep) {
  if (sweep.empty()) {
    TUTTI_ASSIGN_OR_RETURN(sweep, NewestSweepWithAFinishedRun(connection));
  }
  TUTTI_ASSIGN_OR_RETURN(const auto jobs, AllJobs(connection, sweep, {v1::JOB_PHASE_SUCCEEDED}));
  std::optional<v1::JobInfo> best;
  for (const v1::JobInfo& job : jobs) {
    if (!job.has_f1_macro()) continue;
    if (!best || job.f1_macro() > best->f1_macro()) best = job;
  }
  if (best) return best->id();
  return FailedPrecondition("sweep " + sweep +
                            " has no finished run with an f1_macro yet; tutti jobs " + sweep +
                            " says how far its runs are");
}

}  // namespace tutti
