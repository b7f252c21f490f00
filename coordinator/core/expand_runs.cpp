#include <algorithm>
#include <cmath>
#include <unordered_set>

#include "common/check.h"
#include "common/hash.h"
#include "coordinator/core/digest.h"
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

// Gives each run once and refuses too many.
class Runs {
 public:
  Runs(const SweepSpec& spec, const std::string& dataset_version, const TakeRun& take)
      : spec_(spec), dataset_version_(dataset_version), take_(take) {}

  // config: canonical; the same afterwards.
  Status Add(Json& config) {
    config["dataset_version"] = dataset_version_;
    std::string key = Sha256Hex(DumpJson(config));
    config.erase("dataset_version");
    const auto digest = DigestFromHex(key);
    TUTTI_CHECK(digest.has_value(), "a run's key is no SHA-256");
    if (!keys_.insert(*digest).second) return {};
    if (std::ssize(keys_) > kMaxRunsPerSweep) {
      return InvalidArgument("sweep " + spec_.name + ": more than " +
                             std::to_string(kMaxRunsPerSweep) + " runs");
    }
    return take_(config, std::move(key));
  }

  bool empty() const { return keys_.empty(); }

 private:
  const SweepSpec& spec_;
  const std::string& dataset_version_;
  const TakeRun& take_;
  std::unordered_set<Digest, DigestHash> keys_;
};

// An axis as it is set in a configuration.
struct PlacedAxis {
  Json::json_pointer place;
  std::vector<Json> values;  // canonical
};

std::vector<PlacedAxis> PlaceAxes(const SweepSpec& spec) {
  std::vector<PlacedAxis> placed;
  for (const Axis& axis : spec.axes) {
    PlacedAxis& one = placed.emplace_back(PlaceOf(axis.path));
    for (const Json& value : axis.values) one.values.push_back(Canonical(value));
  }
  return placed;
}

// Like an odometer: the last axis turns fastest. False after the last point.
bool NextPoint(const std::vector<Axis>& axes, std::vector<std::size_t>& point) {
  for (std::size_t i = axes.size(); i-- > 0;) {
    if (++point[i] < axes[i].values.size()) return true;
    point[i] = 0;
  }
  return false;
}

}  // namespace

Status ForEachRun(const SweepSpec& spec, const std::string& dataset_version, const TakeRun& take) {
  Runs runs(spec, dataset_version, take);
  const std::vector<PlacedAxis> axes = PlaceAxes(spec);
  const Json options = Canonical(spec.options);
  std::vector<std::size_t> point(axes.size(), 0);
  // One configuration for all grid points: each sets every axis.
  Json config = options;
  do {
    for (std::size_t i = 0; i < axes.size(); ++i) {
      config[axes[i].place] = axes[i].values[point[i]];
    }
    if (!IsExcluded(spec, config)) TUTTI_RETURN_IF_ERROR(runs.Add(config));
  } while (NextPoint(spec.axes, point));
  for (const Json& extra : spec.include) {
    Json one = options;
    for (const auto& [path, value] : extra.items()) one[PlaceOf(path)] = Canonical(value);
    TUTTI_RETURN_IF_ERROR(runs.Add(one));
  }
  if (!runs.empty()) return {};
  return InvalidArgument("sweep " + spec.name +
                         ": no run is left: `exclude` takes away every grid point");
}

Result<std::vector<RunSpec>> ExpandRuns(const SweepSpec& spec, const std::string& dataset_version) {
  std::vector<RunSpec> all;
  TUTTI_RETURN_IF_ERROR(
      ForEachRun(spec, dataset_version, [&](const Json& config, std::string key) -> Status {
        all.push_back({config, std::move(key)});
        return {};
      }));
  return all;
}

}  // namespace tutti
