// Scores from labels and predictions. Equal to scikit-learn's f1_score(average="macro",
// zero_division=0) and accuracy_score.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace tutti {

// The most frequent class; a tie goes to the smallest label. Requires at least one vote.
std::int64_t MajorityClass(std::span<const std::int32_t> votes_per_class);

// Share of equal pairs. Requires equal sizes, not empty.
double Accuracy(std::span<const std::int64_t> labels, std::span<const std::int64_t> predictions);

// Mean of the classes' F1 over the classes that occur among labels or predictions; a class without
// a hit counts 0. Source: scikit-learn 1.5 sklearn.metrics.f1_score.
double MacroF1(std::span<const std::int64_t> labels, std::span<const std::int64_t> predictions);

}  // namespace tutti
