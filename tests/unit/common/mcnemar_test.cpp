#include "common/mcnemar.h"

#include <gtest/gtest.h>

namespace tutti {
namespace {

// SciPy 1.15: binomtest(min(b, c), b + c).pvalue.
TEST(McNemar, EqualsTheExactBinomialTest) {
  EXPECT_NEAR(McNemarExact(1, 9), 0.021484375, 1e-12);
  EXPECT_NEAR(McNemarExact(9, 1), 0.021484375, 1e-12);
  EXPECT_NEAR(McNemarExact(3, 12), 0.03515625, 1e-12);
  EXPECT_NEAR(McNemarExact(0, 5), 0.0625, 1e-12);
}

TEST(McNemar, WithoutADifferenceThereIsNothingToTell) {
  EXPECT_EQ(McNemarExact(0, 0), 1.0);
  EXPECT_EQ(McNemarExact(4, 4), 1.0);
  EXPECT_LT(McNemarExact(0, 2'000), 1e-300 + 1e-200) << "large counts do not overflow";
}

}  // namespace
}  // namespace tutti
