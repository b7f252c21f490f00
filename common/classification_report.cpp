#include "common/classification_report.h"

#include <cstddef>

#include "common/check.h"

namespace tutti {
namespace {

double Ratio(std::int64_t part, std::int64_t whole) {
  return whole == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(whole);
}

void AddWeighted(const ClassScores& scores, double weight, ClassScores& sum) {
  sum.precision += weight * scores.precision;
  sum.recall += weight * scores.recall;
  sum.f1 += weight * scores.f1;
  sum.support += scores.support;
}

}  // namespace

ClassificationReport MakeClassificationReport(std::span<const std::int32_t> labels,
                                              std::span<const std::int32_t> predictions,
                                              std::int32_t n_classes) {
  TUTTI_CHECK(labels.size() == predictions.size() && !labels.empty() && n_classes > 0,
              "labels and predictions");
  const auto n = static_cast<std::size_t>(n_classes);
  ClassificationReport report;
  report.confusion.assign(n, std::vector<std::int64_t>(n, 0));
  for (std::size_t i = 0; i < labels.size(); ++i) {
    TUTTI_CHECK(labels[i] >= 0 && labels[i] < n_classes && predictions[i] >= 0 &&
                    predictions[i] < n_classes,
                "a label out of range");
    ++report
          .confusion[static_cast<std::size_t>(labels[i])][static_cast<std::size_t>(predictions[i])];
  }
  std::int64_t all_hits = 0;
  for (std::size_t label = 0; label < n; ++label) {
    const std::int64_t hits = report.confusion[label][label];
    std::int64_t predicted = 0;
    ClassScores scores;
    for (std::size_t other = 0; other < n; ++other) {
      scores.support += report.confusion[label][other];
      predicted += report.confusion[other][label];
    }
    scores.precision = Ratio(hits, predicted);
    scores.recall = Ratio(hits, scores.support);
    scores.f1 = Ratio(2 * hits, predicted + scores.support);
    all_hits += hits;
    report.classes.push_back(scores);
  }
  const auto total = static_cast<std::int64_t>(labels.size());
  report.accuracy = Ratio(all_hits, total);
  for (const ClassScores& scores : report.classes) {
    AddWeighted(scores, 1.0 / static_cast<double>(n), report.macro);
    AddWeighted(scores, Ratio(scores.support, total), report.weighted);
  }
  return report;
}

}  // namespace tutti
