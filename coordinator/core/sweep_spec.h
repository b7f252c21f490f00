// A sweep as its file says it, checked and with every default filled in. coordinator/sweep_file
// makes it from YAML.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "common/json.h"
#include "common/result.h"

namespace tutti {

// Paths name an option by its place: "model", "seed", "training.learning_rate", "split.fold".
struct Axis {
  std::string path;
  std::vector<Json> values;  // in the file's order, no duplicates, never empty

  friend bool operator==(const Axis&, const Axis&) = default;
};

// Not part of a run's identity: a change concerns attempts not yet started.
struct OperationalOptions {
  std::string keep_weights = "best";
  std::string gpus = "auto";
  std::int64_t max_attempts = 3;
  std::int64_t time_limit_ms = 4 * 3'600'000;
  std::int64_t priority = 0;

  friend bool operator==(const OperationalOptions&, const OperationalOptions&) = default;
};

struct SweepSpec {
  std::string name;
  std::string dataset;
  std::vector<Axis> axes;  // as in the file
  // Every option that can change a result, whole:
  // {"model","slice_seconds","seed","training":{},"features":{},"split":{},
  // "classes","protocol","precision","threads","deterministic"}; null where an axis gives the
  // value.
  Json options;
  std::vector<Json>
      exclude;  // each {axis path or key: value}; a grid point that matches all of one is left out
  std::vector<Json> include;  // extra runs: {axis path: value} over the options
  OperationalOptions operational;

  friend bool operator==(const SweepSpec&, const SweepSpec&) = default;
};

// Stable JSON for the store and for diffs; and back (kDataLoss: not made by ToJson).
Json ToJson(const SweepSpec& spec);
Result<SweepSpec> SweepSpecFromJson(const Json& json);

// One run: its whole configuration (as sent to runners) and its key.
struct RunSpec {
  Json config;
  std::string key;  // SHA-256 of what can change the result, dataset version included

  friend bool operator==(const RunSpec&, const RunSpec&) = default;
};

// The grid's product in the file's order (last axis fastest), less `exclude`, plus `include`; each
// run once. kInvalidArgument: no run is left, or more than kMaxRunsPerSweep.
Result<std::vector<RunSpec>> ExpandRuns(const SweepSpec& spec, const std::string& dataset_version);

// The same run by run, so that a large grid's configurations are never there together. An error of
// `take` ends it; errors as ExpandRuns.
using TakeRun = std::function<Status(const Json& config, std::string key)>;
Status ForEachRun(const SweepSpec& spec, const std::string& dataset_version, const TakeRun& take);

inline constexpr std::int64_t kMaxRunsPerSweep = 2'000'000;

// What stays the same in every run and may not change under the same name: one line a difference,
// empty when equal.
std::vector<std::string> DifferencesOutsideGrid(const SweepSpec& before, const SweepSpec& after);

}  // namespace tutti
