// How sure an average is: a 95 % interval over seeds and songs.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "coordinator/core/records.h"

namespace tutti {

struct Interval {
  double low = 0;
  double high = 0;
};

// Metrics that can be computed from songs.
bool HasInterval(std::string_view metric);  // "f1_macro", "song_accuracy"

// Percentile bootstrap (Efron 1979) of the mean over runs: 1,000 times, as many runs as there are
// are drawn with replacement, and from the songs of each as many as it has. The draws come from a
// fixed seed, so the same results have the same interval. runs: the predictions of each run of a
// cell. Nothing: no run, or one without songs. Requires HasInterval(metric).
std::optional<Interval> BootstrapInterval(const std::vector<std::vector<PredictionRecord>>& runs,
                                          std::string_view metric);

}  // namespace tutti
