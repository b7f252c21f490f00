// What became of each class: precision, recall, F1 and the confusion matrix. Source of the
// definitions: scikit-learn 1.5 classification_report and confusion_matrix, zero_division=0.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace tutti {

struct ClassScores {
  double precision = 0;
  double recall = 0;
  double f1 = 0;
  std::int64_t support = 0;  // items of this class
};

struct ClassificationReport {
  std::vector<ClassScores> classes;  // by label
  double accuracy = 0;
  ClassScores macro;     // mean over all classes, each counted alike
  ClassScores weighted;  // mean over all classes, each by its support
  // [label][predicted] = items; n_classes × n_classes.
  std::vector<std::vector<std::int64_t>> confusion;
};

// labels, predictions: one each an item, in [0, n_classes). Requires equal sizes, not empty. Every
// class has its row, also one that does not occur (as scikit-learn's with labels=range(n_classes)).
ClassificationReport MakeClassificationReport(std::span<const std::int32_t> labels,
                                              std::span<const std::int32_t> predictions,
                                              std::int32_t n_classes);

}  // namespace tutti
