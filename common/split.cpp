#include "common/split.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <numeric>
#include <string>

#include "common/numpy_random.h"

namespace tutti {
namespace {

using Counts = std::vector<std::int64_t>;
using Positions = std::vector<std::int64_t>;

struct Halves {
  Positions kept;  // "train" in scikit-learn's words
  Positions taken;
};

// How many of `draws` fall to each class: proportional, rounded down, the rest by largest remainder
// with random ties. The tie draws happen even when all tied classes are taken, as in scikit-learn:
// they move the generator.
Counts ApproximateMode(const Counts& class_counts, std::int64_t draws, NumpyRandomState& random) {
  const auto total = static_cast<double>(
      std::accumulate(class_counts.begin(), class_counts.end(), std::int64_t{0}));
  Counts floored(class_counts.size());
  std::vector<double> remainder(class_counts.size());
  for (std::size_t i = 0; i < class_counts.size(); ++i) {
    const double exact = static_cast<double>(class_counts[i]) / total * static_cast<double>(draws);
    floored[i] = static_cast<std::int64_t>(std::floor(exact));
    remainder[i] = exact - static_cast<double>(floored[i]);
  }
  std::int64_t missing = draws - std::accumulate(floored.begin(), floored.end(), std::int64_t{0});
  if (missing <= 0) return floored;
  std::vector<double> values = remainder;
  std::ranges::sort(values, std::greater<>());
  values.erase(std::unique(values.begin(), values.end()), values.end());
  for (const double value : values) {
    std::vector<std::size_t> tied;
    for (std::size_t i = 0; i < remainder.size(); ++i) {
      if (remainder[i] == value) tied.push_back(i);
    }
    const auto add = std::min<std::int64_t>(static_cast<std::int64_t>(tied.size()), missing);
    const Positions order = random.Permutation(tied.size());
    for (std::int64_t k = 0; k < add; ++k) {
      ++floored[tied[static_cast<std::size_t>(order[static_cast<std::size_t>(k)])]];
    }
    missing -= add;
    if (missing == 0) break;
  }
  return floored;
}

// Classes as 0, 1, … in sorted order of their labels, with the positions of each.
std::vector<Positions> PositionsByClass(std::span<const std::int32_t> labels) {
  std::map<std::int32_t, Positions> by_label;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    by_label[labels[i]].push_back(static_cast<std::int64_t>(i));
  }
  std::vector<Positions> classes;
  for (auto& [label, positions] : by_label) classes.push_back(std::move(positions));
  return classes;
}

Positions Permuted(const Positions& items, NumpyRandomState& random) {
  Positions result;
  result.reserve(items.size());
  for (const std::int64_t at : random.Permutation(items.size())) {
    result.push_back(items[static_cast<std::size_t>(at)]);
  }
  return result;
}

// One StratifiedShuffleSplit with n_splits = 1.
Halves StratifiedShuffle(std::span<const std::int32_t> labels, std::int64_t taken,
                         std::uint32_t seed) {
  NumpyRandomState random(seed);
  const std::vector<Positions> classes = PositionsByClass(labels);
  Counts counts;
  for (const Positions& positions : classes) {
    counts.push_back(static_cast<std::int64_t>(positions.size()));
  }
  const Counts keep =
      ApproximateMode(counts, static_cast<std::int64_t>(labels.size()) - taken, random);
  Counts remaining(counts.size());
  std::ranges::transform(counts, keep, remaining.begin(), std::minus<>());
  const Counts take = ApproximateMode(remaining, taken, random);
  Halves halves;
  for (std::size_t c = 0; c < classes.size(); ++c) {
    const Positions order = Permuted(classes[c], random);
    const auto kept_end = order.begin() + keep[c];
    halves.kept.insert(halves.kept.end(), order.begin(), kept_end);
    halves.taken.insert(halves.taken.end(), kept_end, kept_end + take[c]);
  }
  halves.kept = Permuted(halves.kept, random);
  halves.taken = Permuted(halves.taken, random);
  return halves;
}

// What scikit-learn would refuse, told in tracks and classes. Returns the size of the part.
Result<std::int64_t> CheckPart(std::span<const std::int32_t> labels, double share,
                               const std::string& part) {
  if (!(share > 0 && share < 1)) {
    return InvalidArgument("split: " + part + ": expected a share above 0 and below 1, got " +
                           std::to_string(share));
  }
  const auto n = static_cast<std::int64_t>(labels.size());
  std::map<std::int32_t, std::int64_t> counts;
  for (const std::int32_t label : labels) ++counts[label];
  const auto classes = static_cast<std::int64_t>(counts.size());
  if (classes < 2) {
    return InvalidArgument("split: " + part + ": expected tracks of at least 2 classes, got " +
                           std::to_string(classes));
  }
  for (const auto& [label, count] : counts) {
    if (count < 2) {
      return InvalidArgument("split: " + part + ": class number " + std::to_string(label) +
                             " has 1 track left, a stratified split needs at least 2 a class");
    }
  }
  const auto taken = static_cast<std::int64_t>(std::ceil(share * static_cast<double>(n)));
  if (taken < classes || n - taken < classes) {
    const double smaller = std::min(share, 1 - share);
    const auto needed =
        static_cast<std::int64_t>(std::ceil(static_cast<double>(classes) / smaller));
    return InvalidArgument(
        "split: " + part + ": a share of " + std::to_string(share) + " of " + std::to_string(n) +
        " tracks cannot hold one of each of the " + std::to_string(classes) +
        " classes; it needs about " + std::to_string(needed) + " tracks (" +
        std::to_string((needed + classes - 1) / classes) + " a class), or another share");
  }
  return taken;
}

}  // namespace

Result<Split> StratifiedSplit(std::span<const std::int32_t> labels,
                              const StratifiedOptions& options) {
  TUTTI_ASSIGN_OR_RETURN(const std::int64_t n_test, CheckPart(labels, options.test, "test"));
  Halves outer = StratifiedShuffle(labels, n_test, options.seed);
  std::vector<std::int32_t> rest;
  for (const std::int64_t at : outer.kept) rest.push_back(labels[static_cast<std::size_t>(at)]);
  TUTTI_ASSIGN_OR_RETURN(const std::int64_t n_validation,
                         CheckPart(rest, options.validation, "validation"));
  const Halves inner = StratifiedShuffle(rest, n_validation, options.seed);
  Split split;
  split.test = std::move(outer.taken);
  for (const std::int64_t at : inner.kept) {
    split.train.push_back(outer.kept[static_cast<std::size_t>(at)]);
  }
  for (const std::int64_t at : inner.taken) {
    split.validation.push_back(outer.kept[static_cast<std::size_t>(at)]);
  }
  return split;
}

}  // namespace tutti
