// Which tracks train, validate and test. Equal, index for index, to scikit-learn's
// train_test_split(stratify=labels) called twice as the study does: test part first, then
// validation from the rest, with the same seed.
//
// Source: scikit-learn 1.5.2 StratifiedShuffleSplit._iter_indices and
// utils.extmath._approximate_mode; NumPy's legacy RandomState (MT19937 seeded by init_genrand;
// shuffle by masked rejection).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "common/result.h"

namespace tutti {

// Positions in the list of labels that was given, in the order in which scikit-learn returns them.
struct Split {
  std::vector<std::int64_t> train;
  std::vector<std::int64_t> validation;
  std::vector<std::int64_t> test;

  friend bool operator==(const Split&, const Split&) = default;
};

// Names of the labels, by which errors call the classes; none: they are called by number. What they
// point to must outlive the call.
using ClassNames = std::span<const std::string>;

struct StratifiedOptions {
  double test = 0.1;        // share of all
  double validation = 0.1;  // share of what the test part leaves
  std::uint32_t seed = 0;
  ClassNames classes{};
};

// labels: one per track, >= 0. kInvalidArgument, saying how many tracks which class would need:
// fewer than two classes, a class of one track, a part smaller than the number of classes, a share
// outside (0, 1).
Result<Split> StratifiedSplit(std::span<const std::int32_t> labels,
                              const StratifiedOptions& options);

struct KFoldOptions {
  std::int64_t folds = 5;
  std::int64_t fold = 0;    // the one that tests, 0 for the first
  double validation = 0.1;  // share of the other folds, taken as StratifiedSplit does
  std::uint32_t seed = 0;
  ClassNames classes{};
};

// Test parts are those of scikit-learn's StratifiedKFold(folds, shuffle=True, random_state=seed).
// kInvalidArgument: a fold that is none, a class with fewer tracks than folds, and as
// StratifiedSplit for the validation part.
//
// Source: scikit-learn 1.5.2 StratifiedKFold._make_test_folds.
Result<Split> KFoldSplit(std::span<const std::int32_t> labels, const KFoldOptions& options);

// Moves a share of `train` to validation, stratified, as StratifiedSplit does.
// kInvalidArgument: as there.
Status TakeValidation(std::span<const std::int32_t> labels, double share, std::uint32_t seed,
                      ClassNames classes, Split& split);

}  // namespace tutti
