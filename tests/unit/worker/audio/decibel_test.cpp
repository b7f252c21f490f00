#include "worker/audio/decibel.h"

#include <cmath>
#include <limits>
#include <vector>

#include "tests/support/result_matchers.h"

namespace tutti {
namespace {

TEST(Decibel, Log10IsRoundedAsExactArithmeticWouldBe) {
  std::vector<float> values;
  for (float x = 1e-37F; x < 1e38F; x *= 1.00037F) values.push_back(x);
  for (const float x : {1.0F, 10.0F, 0.1F, 1e-10F, 0.70710677F, 0.70710683F, 1.4142135F}) {
    values.push_back(x);
  }
  auto logs = values;
  Log10InPlace(logs);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double exact = std::log10(static_cast<double>(values[i]));
    const double step = std::nextafter(std::abs(static_cast<float>(exact)),
                                       std::numeric_limits<float>::infinity()) -
                        std::abs(static_cast<float>(exact));
    // Half a step, and what the double series itself may be off by.
    ASSERT_LE(std::abs(static_cast<double>(logs[i]) - exact), 0.5 * step + 1e-13) << values[i];
  }
}

TEST(Decibel, TheLoudestIsOneAndEightyDecibelsBelowIsZero) {
  std::vector<float> values{1e-3F, 1e-7F, 1e-11F, 1e-13F, 0.0F};
  ASSERT_TRUE(IsOk(PowersToFeatures(values)));
  EXPECT_EQ(values[0], 1.0F);
  EXPECT_FLOAT_EQ(values[1], 3.0F / 7.0F);  // the floor is 1e-10: 70 dB below
  EXPECT_EQ(values[2], 0.0F);
  EXPECT_EQ(values[4], 0.0F);
  std::vector<float> loud{1e3F, 1e-1F, 1e-5F, 1e-9F};
  ASSERT_TRUE(IsOk(PowersToFeatures(loud)));
  EXPECT_FLOAT_EQ(loud[1], 0.5F);
  EXPECT_EQ(loud[2], 0.0F);
  EXPECT_EQ(loud[3], 0.0F);
}

TEST(Decibel, TheExtremesAreFoundWhereverTheyAre) {
  for (std::size_t size = 2; size < 50; ++size) {
    for (std::size_t at = 0; at < size; ++at) {
      std::vector<float> values(size, 1.0F);
      values[at] = 100.0F;
      ASSERT_TRUE(IsOk(PowersToFeatures(values)));
      for (std::size_t i = 0; i < size; ++i) ASSERT_EQ(values[i], i == at ? 1.0F : 0.0F);
    }
  }
}

TEST(Decibel, AConstantSongIsAllZeros) {
  std::vector<float> values(33, 0.25F);
  ASSERT_TRUE(IsOk(PowersToFeatures(values)));
  EXPECT_EQ(values, std::vector<float>(33, 0.0F));
}

TEST(Decibel, AnInfinitePowerIsBadData) {
  std::vector<float> values{1.0F, std::numeric_limits<float>::infinity()};
  EXPECT_TRUE(FailsWith(PowersToFeatures(values), ErrorCode::kDataLoss, "too large"));
}

}  // namespace
}  // namespace tutti
