// The result tables as rows of numbers, from stored runs and results alone: nothing is accumulated
// by hand.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/json.h"
#include "common/result.h"
#include "coordinator/core/records.h"
#include "coordinator/core/sweep_spec.h"

namespace tutti {

inline constexpr std::string_view kDefaultMetric = "f1_macro";

struct MeanStd {
  std::optional<double> mean;  // nothing: no run is done
  std::optional<double> std;   // of the sample; nothing below two runs
};

// The runs that differ only in seed.
struct TableCell {
  Json config;  // {axis: value} for every one of TableAxes() but seed
  std::string model;
  double slice_seconds = 0;
  std::int32_t done = 0;
  std::int32_t planned = 0;
  MeanStd metric;
  std::optional<double> best;            // the largest value
  std::map<std::string, double> values;  // by seed
  MeanStd slice_accuracy;
  MeanStd song_accuracy;
  MeanStd execution_seconds;  // training + test
  MeanStd epochs;
  std::vector<JobId> runs_done;    // whose results these are
  bool mixed_environment = false;  // they differ in what equality of results depends on
};

// What tells the cells of a sweep apart: its axes, then further options that `include` gives,
// without the prefix under which a command keeps its free names.
std::vector<std::string> TableAxes(const SweepSpec& spec);

// Sample mean and standard deviation.
MeanStd Summarise(const std::vector<double>& values);

// One cell a grid point less its seed, in the order of the runs' ids; cancelled runs are not
// planned. `jobs`: the sweep's runs; `results`: theirs, in any order. kDataLoss: a stored
// configuration that is no JSON object.
Result<std::vector<TableCell>> BuildTable(const SweepSpec& spec, const std::vector<JobRecord>& jobs,
                                          const std::vector<ResultRecord>& results,
                                          std::string_view metric);

}  // namespace tutti
