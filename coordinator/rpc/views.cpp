#include "coordinator/rpc/views.h"

#include <algorithm>
#include <set>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "common/json.h"
#include "coordinator/rpc/convert.h"
#include "coordinator/rpc/limits.h"
#include "coordinator/rpc/worker_names.h"
#include "coordinator/tables/interval.h"
#include "coordinator/tables/result_table.h"

namespace tutti {
namespace {

constexpr std::int64_t kAllJobs = std::int64_t{1} << 40;
constexpr std::int64_t kRunningShown = 200;
constexpr std::size_t kMostRunsForIntervals = 2'000;

void SetCounts(const std::vector<PhaseCount>& counts,
               google::protobuf::RepeatedPtrField<v1::PhaseCount>& out) {
  for (const PhaseCount& count : counts) {
    v1::PhaseCount& row = *out.Add();
    row.set_phase(ToProto(count.phase));
    row.set_jobs(count.jobs);
  }
}

// Preprocess jobs of every feature set that the sweep's runs wait for, also those that another
// sweep made.
Result<std::vector<JobRecord>> ShardJobs(const SweepRecord& sweep, StoreReader& reader) {
  TUTTI_ASSIGN_OR_RETURN(const auto sets, reader.FeatureSetsOf(sweep.id));
  std::set<JobId> ids;
  for (const FeatureSetRecord& set : sets) ids.insert(set.shard_jobs.begin(), set.shard_jobs.end());
  std::vector<JobRecord> jobs;
  for (const JobId id : ids) {
    TUTTI_ASSIGN_OR_RETURN(JobRecord job, reader.Job(id));
    jobs.push_back(std::move(job));
  }
  return jobs;
}

// Verdicts on the sweep's own tracks, by path.
Result<std::vector<v1::UndecodableTrack>> UndecodableTracks(const SweepRecord& sweep,
                                                            StoreReader& reader,
                                                            ManifestCache& manifests) {
  std::vector<v1::UndecodableTrack> tracks;
  if (sweep.dataset.empty()) return tracks;
  TUTTI_ASSIGN_OR_RETURN(const auto sets, reader.FeatureSetsOf(sweep.id));
  std::unordered_map<std::string, UndecodableRecord> verdict_of;
  for (const FeatureSetRecord& set : sets) {
    TUTTI_ASSIGN_OR_RETURN(const auto verdicts, reader.Undecodable(set.spec_hash));
    for (const UndecodableRecord& verdict : verdicts) {
      verdict_of.emplace(verdict.content_hash, verdict);
    }
  }
  if (verdict_of.empty()) return tracks;
  TUTTI_ASSIGN_OR_RETURN(const auto manifest, manifests.Get(sweep.dataset_version));
  TUTTI_ASSIGN_OR_RETURN(const WorkerNames names, NamesOfWorkers(reader));
  for (const ManifestTrack& track : manifest->tracks) {
    const auto verdict = verdict_of.find(track.content_hash);
    if (verdict == verdict_of.end()) continue;
    v1::UndecodableTrack row;
    row.set_path(track.path);
    row.set_content_hash(track.content_hash);
    row.set_message(verdict->second.message);
    TUTTI_ASSIGN_OR_RETURN(const auto attempts, reader.Attempts(verdict->second.job));
    for (const AttemptRecord& attempt : attempts) {
      if (attempt.outcome == AttemptOutcome::kSucceeded) {
        row.set_worker(NameOr(names, attempt.worker));
      }
    }
    tracks.push_back(std::move(row));
  }
  return tracks;
}

void SetMeanStd(const MeanStd& from, v1::GetTableResponse::MeanStd& to) {
  if (from.mean) to.set_mean(*from.mean);
  if (from.std) to.set_std(*from.std);
}

void AddCell(const TableCell& cell, v1::GetTableResponse& response) {
  v1::GetTableResponse::Cell& out = *response.add_cells();
  out.set_config_json(DumpJson(cell.config));
  out.set_model(cell.model);
  out.set_slice_seconds(cell.slice_seconds);
  out.set_done(cell.done);
  out.set_planned(cell.planned);
  if (cell.metric.mean) out.set_average(*cell.metric.mean);
  if (cell.best) out.set_best(*cell.best);
  if (cell.metric.std) out.set_std(*cell.metric.std);
  out.set_mixed_environment(cell.mixed_environment);
  out.mutable_values()->insert(cell.values.begin(), cell.values.end());

  v1::GetTableResponse::PerformanceCell& row = *response.add_performance();
  row.set_config_json(out.config_json());
  row.set_model(cell.model);
  row.set_slice_seconds(cell.slice_seconds);
  row.set_done(cell.done);
  row.set_planned(cell.planned);
  SetMeanStd(cell.slice_accuracy, *row.mutable_slice_accuracy());
  SetMeanStd(cell.song_accuracy, *row.mutable_song_accuracy());
  SetMeanStd(cell.execution_seconds, *row.mutable_execution_seconds());
  SetMeanStd(cell.epochs, *row.mutable_epochs());
}

std::int64_t CrossingDuplicates(const std::vector<ResultRecord>& results) {
  double most = 0;
  for (const ResultRecord& result : results) {
    const auto count = result.metrics.find("crossing_duplicates");
    if (count != result.metrics.end()) most = std::max(most, count->second);
  }
  return static_cast<std::int64_t>(most);
}

// Left out where it would take long: a sweep of thousands of runs is looked at while it runs.
Status AddIntervals(const std::vector<TableCell>& cells, const std::string& metric,
                    StoreReader& reader, v1::GetTableResponse& response) {
  std::size_t runs = 0;
  for (const TableCell& cell : cells) runs += cell.runs_done.size();
  if (!HasInterval(metric) || runs > kMostRunsForIntervals) return {};
  for (std::size_t i = 0; i < cells.size(); ++i) {
    std::vector<std::vector<PredictionRecord>> predictions;
    for (const JobId run : cells[i].runs_done) {
      TUTTI_ASSIGN_OR_RETURN(ResultRecord result, reader.ResultOf(run));
      predictions.push_back(std::move(result.predictions));
    }
    const auto interval = BootstrapInterval(predictions, metric);
    if (!interval) continue;
    v1::GetTableResponse::Cell& out = *response.mutable_cells(static_cast<int>(i));
    out.set_low(interval->low);
    out.set_high(interval->high);
  }
  return {};
}

// What a reader of the table must know of the split.
std::string SplitKind(const Json& options) {
  const Json split = options.value("split", Json::object());
  const Json kind = split.is_object() ? split.value("kind", Json("stratified")) : Json();
  return kind.is_string() ? kind.get<std::string>() : "by axis";
}

std::set<std::string> MetricsOf(const std::vector<ResultRecord>& results) {
  std::set<std::string> metrics;
  for (const ResultRecord& result : results) {
    for (const auto& [name, value] : result.metrics) metrics.insert(name);
  }
  return metrics;
}

Status CheckMetric(const std::string& metric, const std::set<std::string>& known) {
  if (known.empty() || known.contains(metric)) return {};
  std::string list;
  for (const std::string& name : known) list += (list.empty() ? "" : ", ") + name;
  return NotFound("no result of this sweep has the metric \"" + metric + "\"; there are: " + list);
}

}  // namespace

Result<v1::SweepInfo> ViewSweep(const SweepRecord& sweep, StoreReader& reader) {
  v1::SweepInfo info;
  info.set_name(sweep.name);
  info.set_dataset(sweep.dataset);
  info.set_dataset_version(sweep.dataset_version);
  info.set_created_at_unix_ms(ToInt(sweep.created_at));
  info.set_state(std::string(Name(sweep.state)));
  info.set_priority(sweep.priority);
  TUTTI_ASSIGN_OR_RETURN(const auto runs, reader.CountRuns(sweep.id));
  SetCounts(runs, *info.mutable_runs());
  TUTTI_ASSIGN_OR_RETURN(const auto shard_jobs, ShardJobs(sweep, reader));
  std::map<JobPhase, std::int64_t> phases;
  for (const JobRecord& job : shard_jobs) ++phases[job.phase];
  std::vector<PhaseCount> counts;
  for (const auto& [phase, jobs] : phases) counts.push_back({phase, jobs});
  SetCounts(counts, *info.mutable_preprocess());
  return info;
}

Status ViewSweepDetails(const SweepRecord& sweep, StoreReader& reader, ManifestCache& manifests,
                        v1::GetSweepResponse& response) {
  TUTTI_ASSIGN_OR_RETURN(*response.mutable_sweep(), ViewSweep(sweep, reader));
  response.set_sweep_file(sweep.source);
  JobFilter live;
  live.sweep = sweep.id;
  live.phases = {JobPhase::kLeased, JobPhase::kRunning};
  live.limit = kRunningShown;
  TUTTI_ASSIGN_OR_RETURN(const auto jobs, reader.Jobs(live));
  for (const JobRecord& job : jobs) {
    TUTTI_ASSIGN_OR_RETURN(*response.add_running(), ViewJob(job, reader));
  }
  TUTTI_ASSIGN_OR_RETURN(const auto tracks, UndecodableTracks(sweep, reader, manifests));
  response.mutable_undecodable()->Add(tracks.begin(), tracks.end());
  response.mutable_sweep()->set_undecodable_tracks(static_cast<std::int64_t>(tracks.size()));
  return ViewRemainingTime(sweep, reader, response);
}

Status ViewTable(const SweepRecord& sweep, const v1::GetTableRequest& request, StoreReader& reader,
                 ManifestCache& manifests, v1::GetTableResponse& response) {
  const std::string& metric = request.metric();
  TUTTI_ASSIGN_OR_RETURN(const Json json, ParseJson(sweep.spec_json, "sweep " + sweep.name));
  TUTTI_ASSIGN_OR_RETURN(const SweepSpec spec, SweepSpecFromJson(json));
  JobFilter all;
  all.sweep = sweep.id;
  all.limit = kAllJobs;
  TUTTI_ASSIGN_OR_RETURN(const auto jobs, reader.Jobs(all));
  TUTTI_ASSIGN_OR_RETURN(const auto results, reader.ResultsOf(sweep.id));
  const std::string name = metric.empty() ? std::string(kDefaultMetric) : metric;
  const std::set<std::string> metrics = MetricsOf(results);
  if (!metric.empty()) TUTTI_RETURN_IF_ERROR(CheckMetric(name, metrics));
  response.mutable_metrics()->Add(metrics.begin(), metrics.end());
  const std::vector<std::string> axes = TableAxes(spec);
  response.mutable_axes()->Add(axes.begin(), axes.end());
  TUTTI_ASSIGN_OR_RETURN(const auto cells, BuildTable(spec, jobs, results, name));
  response.set_sweep(sweep.name);
  response.set_split(SplitKind(spec.options));
  const Json protocol = spec.options.value("protocol", Json("correct"));
  response.set_protocol(protocol.is_string() ? protocol.get<std::string>() : "by axis");
  response.set_dataset_version(sweep.dataset_version);
  response.set_metric(name);
  for (const TableCell& cell : cells) AddCell(cell, response);
  response.set_crossing_duplicates(CrossingDuplicates(results));
  if (request.intervals()) TUTTI_RETURN_IF_ERROR(AddIntervals(cells, name, reader, response));
  TUTTI_ASSIGN_OR_RETURN(const auto tracks, UndecodableTracks(sweep, reader, manifests));
  response.mutable_undecodable()->Add(tracks.begin(), tracks.end());
  return {};
}

}  // namespace tutti
