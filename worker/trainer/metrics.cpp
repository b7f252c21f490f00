#include "worker/trainer/metrics.h"

#include <algorithm>
#include <map>

#include "common/check.h"

namespace tutti {

std::int64_t MajorityClass(std::span<const std::int32_t> votes_per_class) {
  TUTTI_CHECK(!votes_per_class.empty(), "a vote without classes");
  return std::ranges::max_element(votes_per_class) - votes_per_class.begin();
}

double Accuracy(std::span<const std::int64_t> labels, std::span<const std::int64_t> predictions) {
  TUTTI_CHECK(labels.size() == predictions.size() && !labels.empty(), "labels and predictions");
  std::size_t hits = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) hits += labels[i] == predictions[i] ? 1 : 0;
  return static_cast<double>(hits) / static_cast<double>(labels.size());
}

double MacroF1(std::span<const std::int64_t> labels, std::span<const std::int64_t> predictions) {
  TUTTI_CHECK(labels.size() == predictions.size() && !labels.empty(), "labels and predictions");
  struct Counts {
    double hits = 0;
    double labelled = 0;
    double predicted = 0;
  };
  std::map<std::int64_t, Counts> classes;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    ++classes[labels[i]].labelled;
    ++classes[predictions[i]].predicted;
    if (labels[i] == predictions[i]) ++classes[labels[i]].hits;
  }
  double sum = 0;
  for (const auto& [label, counts] : classes) {
    sum += 2 * counts.hits / (counts.labelled + counts.predicted);
  }
  return sum / static_cast<double>(classes.size());
}

}  // namespace tutti
