#include <algorithm>
#include <cmath>
#include <unordered_set>

#include "common/hash.h"
#include "coordinator/core/sweep_spec.h"

namespace tutti {
namespace {

// "training.learning_rate" → the place of that option.
Json::json_pointer PlaceOf(const std::string& path) {
  std::string pointer = "/" + path;
  std::ranges::replace(pointer, '.', '/');
  return Json::json_pointer(pointer);
}

// Whole numbers have one form, so that 1 and 1.0 are one configuration.
Json Canonical(const Json& value) {
  constexpr double kLargestWhole = 9'007'199'254'740'992.0;
  if (value.is_number_float()) {
    const double number = value.get<double>();
    if (std::trunc(number) == number && std::abs(number) <= kLargestWhole) {
      return static_cast<std::int64_t>(number);
    }
    return value;
  }
  if (!value.is_structured()) return value;
  Json copy = value;
  for (Json& item : copy) item = Canonical(item);
  return copy;
}

bool Matches(const Json& config, const Json& pattern) {
  return std::ranges::all_of(pattern.items(), [&](const auto& entry) {
    const auto place = PlaceOf(entry.key());
    return config.contains(place) && config.at(place) == entry.value();
  });
}

bool IsExcluded(const SweepSpec& spec, const Json& config) {
  return std::ranges::any_of(spec.exclude,
                             [&](const Json& pattern) { return Matches(config, pattern); });
}

// Gathers runs once each and refuses too many.
class Runs {
 public:
  Runs(const SweepSpec& spec, const std::string& dataset_version)
      : spec_(spec), dataset_version_(dataset_version) {}

  Status Add(const Json& config) {
    RunSpec run;
    run.config = Canonical(config);
    Json identity = run.config;
    identity["dataset_version"] = dataset_version_;
    run.key = Sha256Hex(DumpJson(identity));
    if (!keys_.insert(run.key).second) return {};
    if (static_cast<std::int64_t>(runs_.size()) == kMaxRunsPerSweep) {
      return InvalidArgument("sweep " + spec_.name + ": more than " +
                             std::to_string(kMaxRunsPerSweep) + " runs");
    }
    runs_.push_back(std::move(run));
    return {};
  }

  std::vector<RunSpec> Take() { return std::move(runs_); }

 private:
  const SweepSpec& spec_;
  const std::string& dataset_version_;
  std::unordered_set<std::string> keys_;
  std::vector<RunSpec> runs_;
};

// Like an odometer: the last axis turns fastest. False after the last point.
bool NextPoint(const std::vector<Axis>& axes, std::vector<std::size_t>& point) {
  for (std::size_t i = axes.size(); i-- > 0;) {
    if (++point[i] < axes[i].values.size()) return true;
    point[i] = 0;
  }
  return false;
}

}  // namespace

Result<std::vector<RunSpec>> ExpandRuns(const SweepSpec& spec, const std::string& dataset_version) {
  Runs runs(spec, dataset_version);
  std::vector<std::size_t> point(spec.axes.size(), 0);
  do {
    Json config = spec.options;
    for (std::size_t i = 0; i < spec.axes.size(); ++i) {
      config[PlaceOf(spec.axes[i].path)] = spec.axes[i].values[point[i]];
    }
    if (!IsExcluded(spec, config)) TUTTI_RETURN_IF_ERROR(runs.Add(config));
  } while (NextPoint(spec.axes, point));
  for (const Json& extra : spec.include) {
    Json config = spec.options;
    for (const auto& [path, value] : extra.items()) config[PlaceOf(path)] = value;
    TUTTI_RETURN_IF_ERROR(runs.Add(config));
  }
  std::vector<RunSpec> all = runs.Take();
  if (all.empty()) {
    return InvalidArgument("sweep " + spec.name +
                           ": no run is left: `exclude` takes away every grid point");
  }
  return all;
}

}  // namespace tutti
