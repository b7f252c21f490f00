#include <algorithm>
#include <string>
#include <vector>

#include "common/json.h"
#include "coordinator/core/class_selection.h"
#include "coordinator/rpc/convert.h"
#include "coordinator/rpc/last_lines.h"
#include "coordinator/rpc/limits.h"
#include "coordinator/rpc/views.h"
#include "coordinator/rpc/worker_names.h"
#include "coordinator/tables/result_table.h"

namespace tutti {
namespace {

bool IsLive(AttemptOutcome outcome) {
  return outcome == AttemptOutcome::kLeased || outcome == AttemptOutcome::kRunning;
}

Status AddEpochs(JobId job, AttemptNumber attempt, StoreReader& reader,
                 v1::GetJobResponse& response) {
  TUTTI_ASSIGN_OR_RETURN(const auto epochs, reader.Epochs(job, attempt));
  for (const EpochRecord& epoch : epochs) *response.add_epochs() = ToProto(epoch);
  return {};
}

// What became of each song of the test set, with the words for its labels.
Status AddPredictions(const JobRecord& job, const ResultRecord& result, StoreReader& reader,
                      ManifestCache& manifests, v1::GetJobResponse& response) {
  if (!job.feature_set || result.predictions.empty()) return {};
  TUTTI_ASSIGN_OR_RETURN(const SweepRecord sweep, reader.Sweep(job.sweep));
  TUTTI_ASSIGN_OR_RETURN(const auto manifest, manifests.Get(sweep.dataset_version));
  TUTTI_ASSIGN_OR_RETURN(const Json config, ParseJson(job.config_json, "configuration"));
  TUTTI_ASSIGN_OR_RETURN(const ClassSelection selection,
                         SelectClasses(*manifest, config.value("classes", Json("all"))));
  response.mutable_classes()->Add(selection.classes.begin(), selection.classes.end());
  for (const PredictionRecord& prediction : result.predictions) {
    const auto index = static_cast<std::size_t>(prediction.track_id);
    auto& row = *response.add_predictions();
    if (index < manifest->tracks.size()) row.set_path(manifest->tracks[index].path);
    row.set_label(prediction.label);
    row.set_predicted(prediction.predicted);
    row.mutable_votes()->Add(prediction.votes.begin(), prediction.votes.end());
  }
  return {};
}

}  // namespace

Result<v1::JobInfo> ViewJob(const JobRecord& job, StoreReader& reader) {
  TUTTI_ASSIGN_OR_RETURN(const SweepRecord sweep, reader.Sweep(job.sweep));
  return ViewJobOf(sweep, job, reader);
}

Result<v1::JobInfo> ViewJobOf(const SweepRecord& sweep, const JobRecord& job, StoreReader& reader) {
  v1::JobInfo info;
  info.set_id(job.id.value);
  info.set_sweep(sweep.name);
  info.set_kind(ToProto(job.kind));
  info.set_phase(ToProto(job.phase));
  info.set_attempt(job.last_attempt);
  if (job.kind != JobKind::kPreprocess) info.set_config_json(job.config_json);
  if (job.worker) {
    TUTTI_ASSIGN_OR_RETURN(const WorkerNames names, NamesOfWorkers(reader));
    info.set_worker(NameOr(names, *job.worker));
  }
  if (job.failure) info.set_failure(ToProto(*job.failure));
  info.set_message(job.message);
  if (job.kind == JobKind::kPreprocess || job.last_attempt == 0) return info;
  TUTTI_ASSIGN_OR_RETURN(const auto epoch, reader.LastEpoch(job.id));
  if (epoch) *info.mutable_last_epoch() = ToProto(*epoch);
  if (job.phase == JobPhase::kSucceeded) {
    TUTTI_ASSIGN_OR_RETURN(const ResultRecord result, reader.ResultOf(job.id));
    const auto f1 = result.metrics.find(std::string(kDefaultMetric));
    if (f1 != result.metrics.end()) info.set_f1_macro(f1->second);
  }
  return info;
}

Status ViewJobDetails(JobId id, StoreReader& reader, ManifestCache& manifests,
                      v1::GetJobResponse& response) {
  TUTTI_ASSIGN_OR_RETURN(const JobRecord job, reader.Job(id));
  TUTTI_ASSIGN_OR_RETURN(*response.mutable_job(), ViewJob(job, reader));
  response.set_key(job.key);
  TUTTI_ASSIGN_OR_RETURN(const WorkerNames names, NamesOfWorkers(reader));
  TUTTI_ASSIGN_OR_RETURN(const auto attempts, reader.Attempts(id));
  for (const AttemptRecord& attempt : attempts) {
    v1::AttemptInfo& row = *response.add_attempts();
    row = ToProto(attempt);
    row.set_worker(NameOr(names, attempt.worker));
    // A worker that is lost tells no last lines; what it had told before stands in for them.
    const bool has_ended = !IsLive(attempt.outcome);
    if (!has_ended || !attempt.log_tail.empty()) continue;
    if (attempt.outcome == AttemptOutcome::kSucceeded) continue;
    TUTTI_ASSIGN_OR_RETURN(const auto tail, LastLines(id, attempt.attempt, reader));
    row.mutable_log_tail()->Add(tail.begin(), tail.end());
  }
  if (job.phase != JobPhase::kSucceeded) return AddEpochs(id, job.last_attempt, reader, response);
  TUTTI_ASSIGN_OR_RETURN(const ResultRecord result, reader.ResultOf(id));
  // Of the attempt that won, which need not be the newest.
  TUTTI_RETURN_IF_ERROR(AddEpochs(id, result.attempt, reader, response));
  response.mutable_metrics()->insert(result.metrics.begin(), result.metrics.end());
  response.mutable_timings_seconds()->insert(result.timings_seconds.begin(),
                                             result.timings_seconds.end());
  response.mutable_environment()->insert(result.environment.begin(), result.environment.end());
  for (const ArtifactRecord& artifact : result.artifacts) {
    *response.add_artifacts() = ToProto(artifact);
  }
  return AddPredictions(job, result, reader, manifests, response);
}

Status ViewLog(const v1::GetLogRequest& request, StoreReader& reader,
               v1::GetLogResponse& response) {
  TUTTI_ASSIGN_OR_RETURN(const JobRecord job, reader.Job(JobId{request.job_id()}));
  const AttemptNumber number = request.attempt() > 0 ? request.attempt() : job.last_attempt;
  response.set_last(request.after());
  response.set_attempt(number);
  if (number == 0) return {};
  TUTTI_ASSIGN_OR_RETURN(const auto attempts, reader.Attempts(job.id));
  const auto attempt = std::ranges::find(attempts, number, &AttemptRecord::attempt);
  if (attempt == attempts.end()) {
    return NotFound("job " + std::to_string(job.id.value) + " has no attempt " +
                    std::to_string(number) + "; its newest is " + std::to_string(job.last_attempt));
  }
  response.set_ended(!IsLive(attempt->outcome));
  TUTTI_ASSIGN_OR_RETURN(const auto rows,
                         reader.Log(job.id, number, request.after(), kLogRowsPerPage));
  for (const LogRecord& row : rows) {
    std::int64_t line = row.first;
    for (const std::string& text : row.lines) {
      if (line > request.after()) response.add_lines(text);
      ++line;
    }
    response.set_last(line - 1);
  }
  return {};
}

}  // namespace tutti
