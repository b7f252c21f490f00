#include "coordinator/tables/result_table.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>
#include <unordered_map>

#include "common/json_path.h"

namespace tutti {
namespace {

constexpr std::string_view kSeedAxis = "seed";
// Where a command run keeps the names that its file made up.
constexpr std::string_view kFreeNames = "config.";

// Values of one cell while its runs are gathered.
struct Samples {
  std::vector<double> metric;
  std::vector<double> slice_accuracy;
  std::vector<double> song_accuracy;
  std::vector<double> execution_seconds;
  std::vector<double> epochs;
  std::set<std::map<std::string, std::string>> environments;
};

void Gather(const std::map<std::string, double>& values, std::string_view name,
            std::vector<double>& samples) {
  const auto found = values.find(std::string(name));
  if (found != values.end()) samples.push_back(found->second);
}

void GatherExecution(const ResultRecord& result, std::vector<double>& samples) {
  const auto train = result.timings_seconds.find("train");
  const auto test = result.timings_seconds.find("test");
  if (train == result.timings_seconds.end() || test == result.timings_seconds.end()) return;
  samples.push_back(train->second + test->second);
}

// Paths in a run's configuration: the axes, then what `include` names beside them.
std::vector<std::string> PathsOf(const SweepSpec& spec) {
  std::vector<std::string> paths;
  for (const Axis& axis : spec.axes) paths.push_back(axis.path);
  for (const Json& run : spec.include) {
    for (const auto& [path, value] : run.items()) {
      if (std::ranges::find(paths, path) == paths.end()) paths.push_back(path);
    }
  }
  return paths;
}

std::string ShownName(const std::string& path) {
  return path.starts_with(kFreeNames) ? path.substr(kFreeNames.size()) : path;
}

Json CellConfig(const std::vector<std::string>& paths, const Json& config) {
  Json cell = Json::object();
  for (const std::string& path : paths) {
    if (path != kSeedAxis) cell[ShownName(path)] = ValueAtPath(config, path);
  }
  return cell;
}

// Runs given by `include` may differ in options that are no axis: they are cells of their own.
std::string CellKey(Json config) {
  config.erase(std::string(kSeedAxis));
  return DumpJson(config);
}

std::string SeedText(const Json& config) {
  const auto seed = config.find(kSeedAxis);
  return seed == config.end() ? "" : DumpJson(*seed);
}

void AddResult(const ResultRecord& result, const Json& config, std::string_view metric,
               TableCell& cell, Samples& samples) {
  ++cell.done;
  cell.runs_done.push_back(result.job);
  samples.environments.insert(result.environment);
  const auto value = result.metrics.find(std::string(metric));
  if (value != result.metrics.end()) {
    samples.metric.push_back(value->second);
    cell.values[SeedText(config)] = value->second;
  }
  Gather(result.metrics, "slice_accuracy", samples.slice_accuracy);
  Gather(result.metrics, "song_accuracy", samples.song_accuracy);
  Gather(result.metrics, "epochs", samples.epochs);
  GatherExecution(result, samples.execution_seconds);
}

void Finish(const Samples& samples, TableCell& cell) {
  cell.metric = Summarise(samples.metric);
  if (!samples.metric.empty()) cell.best = std::ranges::max(samples.metric);
  cell.slice_accuracy = Summarise(samples.slice_accuracy);
  cell.song_accuracy = Summarise(samples.song_accuracy);
  cell.execution_seconds = Summarise(samples.execution_seconds);
  cell.epochs = Summarise(samples.epochs);
  cell.mixed_environment = samples.environments.size() > 1;
}

}  // namespace

std::vector<std::string> TableAxes(const SweepSpec& spec) {
  std::vector<std::string> axes = PathsOf(spec);
  std::ranges::transform(axes, axes.begin(), ShownName);
  return axes;
}

MeanStd Summarise(const std::vector<double>& values) {
  MeanStd summary;
  if (values.empty()) return summary;
  const auto n = static_cast<double>(values.size());
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
  summary.mean = mean;
  if (values.size() < 2) return summary;
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  summary.std = std::sqrt(squares / (n - 1));
  return summary;
}

Result<std::vector<TableCell>> BuildTable(const SweepSpec& spec, const std::vector<JobRecord>& jobs,
                                          const std::vector<ResultRecord>& results,
                                          std::string_view metric) {
  std::unordered_map<JobId, const ResultRecord*> result_of;
  for (const ResultRecord& result : results) result_of.emplace(result.job, &result);
  const std::vector<std::string> paths = PathsOf(spec);
  std::vector<TableCell> cells;
  std::vector<Samples> samples;
  std::unordered_map<std::string, std::size_t> index_of;
  for (const JobRecord& job : jobs) {
    if (job.kind == JobKind::kPreprocess || job.phase == JobPhase::kCancelled) continue;
    const Result<Json> config =
        ParseJson(job.config_json, "configuration of job " + std::to_string(job.id.value));
    if (!config.ok()) return DataLoss(config.error().message);
    const auto [entry, is_new] = index_of.emplace(CellKey(*config), cells.size());
    if (is_new) {
      TableCell cell;
      cell.config = CellConfig(paths, *config);
      cell.model = config->value("model", "");
      cell.slice_seconds = config->value("slice_seconds", 0.0);
      cells.push_back(std::move(cell));
      samples.emplace_back();
    }
    TableCell& cell = cells[entry->second];
    ++cell.planned;
    const auto result = result_of.find(job.id);
    if (result != result_of.end()) {
      AddResult(*result->second, *config, metric, cell, samples[entry->second]);
    }
  }
  for (std::size_t i = 0; i < cells.size(); ++i) Finish(samples[i], cells[i]);
  return cells;
}

}  // namespace tutti
