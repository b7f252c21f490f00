#include "worker/trainer/metrics.h"

#include <vector>

#include <gtest/gtest.h>

namespace tutti {
namespace {

using Labels = std::vector<std::int64_t>;
using Votes = std::vector<std::int32_t>;

TEST(MajorityClass, ATieGoesToTheSmallestLabel) {
  EXPECT_EQ(MajorityClass(Votes{0, 3, 1}), 1);
  EXPECT_EQ(MajorityClass(Votes{0, 2, 2}), 1);
  EXPECT_EQ(MajorityClass(Votes{4, 1, 4}), 0);
}

TEST(Accuracy, IsTheShareOfHits) {
  EXPECT_EQ(Accuracy(Labels{0, 1, 2, 3}, Labels{0, 1, 2, 0}), 0.75);
}

// Values of scikit-learn 1.9.1.
TEST(MacroF1, EqualsScikitLearn) {
  EXPECT_DOUBLE_EQ(MacroF1(Labels{0, 0, 1, 1, 2, 2, 2}, Labels{0, 1, 1, 1, 2, 0, 0}),
                   0.5666666666666668);
  EXPECT_EQ(MacroF1(Labels{0, 1, 2}, Labels{0, 1, 2}), 1.0);
}

TEST(MacroF1, CountsClassesThatWereOnlyPredictedOrOnlyLabelled) {
  EXPECT_DOUBLE_EQ(MacroF1(Labels{0, 0, 1}, Labels{0, 3, 3}), 0.2222222222222222);
}

}  // namespace
}  // namespace tutti
