#include "common/split.h"

#include <algorithm>
#include <numeric>
#include <set>

#include <gtest/gtest.h>

#include "tests/support/result_matchers.h"

namespace tutti {
namespace {

using Positions = std::vector<std::int64_t>;

// 100 tracks in each of ten classes, sorted; `missing_of` loses one track.
std::vector<std::int32_t> SortedLabels(int missing_of = -1) {
  std::vector<std::int32_t> labels;
  for (int label = 0; label < 10; ++label) {
    labels.insert(labels.end(), label == missing_of ? 99 : 100, label);
  }
  return labels;
}

Positions First(const Positions& all, std::size_t n) {
  return {all.begin(), all.begin() + static_cast<std::ptrdiff_t>(n)};
}

struct Vector {
  int missing_of;
  std::uint32_t seed;
  Positions test;
  Positions validation;
  Positions train;
};

// Made by scikit-learn 1.5.2: train_test_split(range(n), test_size=0.1, stratify=labels,
// random_state=seed), then the same on the rest.
const std::vector<Vector> kVectors{
    {-1, 333, {661, 608, 162, 956, 571}, {683, 253, 931, 308}, {176, 466, 846, 398}},
    {-1, 123, {782, 306, 685, 622, 959}, {182, 946, 746, 758}, {}},
    {-1, 223, {292, 288, 590, 546, 637}, {756, 715, 800, 91}, {}},
    {5, 333, {337, 220, 444, 987, 732}, {627, 270, 992, 396}, {}},
    {5, 123, {781, 306, 684, 621, 958}, {}, {}},
    {5, 223, {618, 433, 328, 272, 14}, {}, {}},
};

TEST(Split, EqualsScikitLearnIndexForIndex) {
  for (const Vector& vector : kVectors) {
    SCOPED_TRACE("seed " + std::to_string(vector.seed) +
                 ", class short of a track: " + std::to_string(vector.missing_of));
    const auto split = StratifiedSplit(SortedLabels(vector.missing_of), {0.1, 0.1, vector.seed});
    ASSERT_TRUE(IsOk(split));
    EXPECT_EQ(First(split->test, vector.test.size()), vector.test);
    EXPECT_EQ(First(split->validation, vector.validation.size()), vector.validation);
    EXPECT_EQ(First(split->train, vector.train.size()), vector.train);
  }
}

TEST(Split, PartsHaveScikitLearnsSizes) {
  const auto split = StratifiedSplit(SortedLabels(5), {0.1, 0.1, 333});
  ASSERT_TRUE(IsOk(split));
  EXPECT_EQ(split->train.size(), 809u);
  EXPECT_EQ(split->validation.size(), 90u);
  EXPECT_EQ(split->test.size(), 100u);
}

TEST(Split, EveryTrackIsInExactlyOnePart) {
  const auto split = StratifiedSplit(SortedLabels(), {0.2, 0.25, 7});
  ASSERT_TRUE(IsOk(split));
  Positions all = split->train;
  all.insert(all.end(), split->validation.begin(), split->validation.end());
  all.insert(all.end(), split->test.begin(), split->test.end());
  std::ranges::sort(all);
  Positions expected(1000);
  std::iota(expected.begin(), expected.end(), 0);
  EXPECT_EQ(all, expected);
}

TEST(Split, EachPartHoldsEachClassInProportion) {
  const std::vector<std::int32_t> labels = SortedLabels();
  const auto split = StratifiedSplit(labels, {0.1, 0.1, 333});
  ASSERT_TRUE(IsOk(split));
  std::vector<int> counts(10);
  for (const std::int64_t at : split->test) {
    ++counts[static_cast<std::size_t>(labels[static_cast<std::size_t>(at)])];
  }
  EXPECT_EQ(counts, std::vector<int>(10, 10));
}

TEST(Split, TooFewTracksAreRefusedWithTheNumberNeeded) {
  std::vector<std::int32_t> labels;
  for (int label = 0; label < 10; ++label) labels.insert(labels.end(), 5, label);
  EXPECT_TRUE(FailsWith(StratifiedSplit(labels, {0.1, 0.1, 1}), ErrorCode::kInvalidArgument,
                        "it needs about 100 tracks (10 a class)"));
}

TEST(Split, AClassOfTooFewTracksIsRefusedByItsNameOrElseItsNumber) {
  const std::vector<std::int32_t> labels{0, 0, 0, 0, 0, 0, 1};
  const std::vector<std::string> names{"blues", "jazz"};
  EXPECT_TRUE(FailsWith(StratifiedSplit(labels, {0.3, 0.3, 1, names}), ErrorCode::kInvalidArgument,
                        "test: class \"jazz\" has 1 track left"));
  EXPECT_TRUE(FailsWith(StratifiedSplit(labels, {0.3, 0.3, 1}), ErrorCode::kInvalidArgument,
                        "class number 1 has 1 track left"));
  const std::vector<std::int32_t> two{0, 0, 0, 0, 0, 0, 0, 0, 1, 1};
  EXPECT_TRUE(FailsWith(StratifiedSplit(two, {0.3, 0.3, 1, names}), ErrorCode::kInvalidArgument,
                        "validation: class \"jazz\" has 1 track left"));
  EXPECT_TRUE(FailsWith(StratifiedSplit(two, {0.1, 0.3, 1, names}), ErrorCode::kInvalidArgument,
                        "or another share; class \"jazz\" has 2 tracks"));
  EXPECT_TRUE(FailsWith(KFoldSplit(two, {3, 0, 0.3, 1, names}), ErrorCode::kInvalidArgument,
                        "class \"jazz\" has 2 tracks, 3 folds"));
}

TEST(Split, OneClassIsRefused) {
  EXPECT_TRUE(FailsWith(StratifiedSplit(std::vector<std::int32_t>(50, 3), {0.1, 0.1, 1}),
                        ErrorCode::kInvalidArgument, "at least 2 classes, got 1"));
}

TEST(Split, AShareOutsideZeroToOneIsRefused) {
  EXPECT_TRUE(FailsWith(StratifiedSplit(SortedLabels(), {1.0, 0.1, 1}), ErrorCode::kInvalidArgument,
                        "above 0 and below 1"));
}

}  // namespace
}  // namespace tutti
