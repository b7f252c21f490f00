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

std::string ClassName(std::int32_t label, ClassNames classes) {
  const auto at = static_cast<std::size_t>(label);
  return at < classes.size() ? "class \"" + classes[at] + "\""
                             : "class number " + std::to_string(label);
}

std::string TracksText(std::int64_t count) {
  return std::to_string(count) + (count == 1 ? " track" : " tracks");
}

// What scikit-learn would refuse, told in tracks and classes. Returns the size of the part.
Result<std::int64_t> CheckPart(std::span<const std::int32_t> labels, double share,
                               const std::string& part, ClassNames names) {
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
  const auto smallest =
      std::ranges::min_element(counts, {}, [](const auto& e) { return e.second; });
  const std::string smallest_name = ClassName(smallest->first, names);
  if (smallest->second < 2) {
    return InvalidArgument("split: " + part + ": " + smallest_name + " has " +
                           TracksText(smallest->second) +
                           " left, a stratified split needs at least 2 a class");
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
        std::to_string((needed + classes - 1) / classes) + " a class), or another share; " +
        smallest_name + " has " + TracksText(smallest->second));
  }
  return taken;
}

}  // namespace

Status TakeValidation(std::span<const std::int32_t> labels, double share, std::uint32_t seed,
                      ClassNames classes, Split& split) {
  std::vector<std::int32_t> rest;
  for (const std::int64_t at : split.train) rest.push_back(labels[static_cast<std::size_t>(at)]);
  TUTTI_ASSIGN_OR_RETURN(const std::int64_t taken, CheckPart(rest, share, "validation", classes));
  const Halves halves = StratifiedShuffle(rest, taken, seed);
  Positions train;
  for (const std::int64_t at : halves.kept) {
    train.push_back(split.train[static_cast<std::size_t>(at)]);
  }
  for (const std::int64_t at : halves.taken) {
    split.validation.push_back(split.train[static_cast<std::size_t>(at)]);
  }
  split.train = std::move(train);
  return {};
}

Result<Split> StratifiedSplit(std::span<const std::int32_t> labels,
                              const StratifiedOptions& options) {
  TUTTI_ASSIGN_OR_RETURN(const std::int64_t n_test,
                         CheckPart(labels, options.test, "test", options.classes));
  Halves outer = StratifiedShuffle(labels, n_test, options.seed);
  Split split;
  split.test = std::move(outer.taken);
  split.train = std::move(outer.kept);
  TUTTI_RETURN_IF_ERROR(
      TakeValidation(labels, options.validation, options.seed, options.classes, split));
  return split;
}

Result<Split> KFoldSplit(std::span<const std::int32_t> labels, const KFoldOptions& options) {
  const std::int64_t folds = options.folds;
  if (folds < 2 || options.fold < 0 || options.fold >= folds) {
    return InvalidArgument("split: expected at least 2 folds and a fold from 0 to " +
                           std::to_string(folds - 1) + ", got folds " + std::to_string(folds) +
                           " and fold " + std::to_string(options.fold));
  }
  // Classes in the order in which they first appear, which is how scikit-learn numbers them here.
  std::vector<Positions> classes;
  std::map<std::int32_t, std::size_t> class_of;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const auto [at, is_new] = class_of.emplace(labels[i], classes.size());
    if (is_new) classes.emplace_back();
    classes[at->second].push_back(static_cast<std::int64_t>(i));
  }
  for (const auto& [label, at] : class_of) {
    const auto count = static_cast<std::int64_t>(classes[at].size());
    if (count >= folds) continue;
    return InvalidArgument("split: " + ClassName(label, options.classes) + " has " +
                           TracksText(count) + ", " + std::to_string(folds) +
                           " folds need at least as many a class");
  }
  // The sorted labels dealt to the folds in turn say how many of each class every fold gets.
  std::vector<Counts> allocation(classes.size(), Counts(static_cast<std::size_t>(folds), 0));
  std::size_t dealt = 0;
  for (std::size_t c = 0; c < classes.size(); ++c) {
    for (std::size_t i = 0; i < classes[c].size(); ++i) {
      ++allocation[c][dealt++ % static_cast<std::size_t>(folds)];
    }
  }
  NumpyRandomState random(options.seed);
  std::vector<std::int64_t> fold_of(labels.size(), 0);
  for (std::size_t c = 0; c < classes.size(); ++c) {
    std::vector<std::int64_t> of_class;
    for (std::size_t fold = 0; fold < allocation[c].size(); ++fold) {
      of_class.insert(of_class.end(), static_cast<std::size_t>(allocation[c][fold]),
                      static_cast<std::int64_t>(fold));
    }
    random.Shuffle(of_class);
    for (std::size_t i = 0; i < of_class.size(); ++i) {
      fold_of[static_cast<std::size_t>(classes[c][i])] = of_class[i];
    }
  }
  Split split;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    (fold_of[i] == options.fold ? split.test : split.train).push_back(static_cast<std::int64_t>(i));
  }
  TUTTI_RETURN_IF_ERROR(
      TakeValidation(labels, options.validation, options.seed, options.classes, split));
  return split;
}

}  // namespace tutti
