#include "worker/audio/mel_filter.h"

#include <numeric>

#include <gtest/gtest.h>

namespace tutti {
namespace {

TEST(MelFilter, OnlyTwoThousandOfTheWeightsAreNotZero) {
  const MelFilterBank bank(22050, 2048, 128);
  EXPECT_EQ(bank.n_bins(), 1025U);
  std::size_t count = 0;
  for (std::size_t mel = 0; mel < bank.n_mels(); ++mel) count += bank.band(mel).weights.size();
  EXPECT_EQ(count, 2018U);
}

// Slaney's normalisation: 2 / width in Hz makes every triangle's area 1. With many bins a band, the
// sum over the bins comes near the area.
TEST(MelFilter, EveryTriangleHasTheAreaOne) {
  const MelFilterBank bank(22050, 16384, 40);
  const double hz_per_bin = 22050.0 / 16384;
  for (std::size_t mel = 0; mel < bank.n_mels(); ++mel) {
    const auto weights = bank.band(mel).weights;
    const double area = std::accumulate(weights.begin(), weights.end(), 0.0) * hz_per_bin;
    EXPECT_NEAR(area, 1.0, 1e-3) << mel;
  }
}

TEST(MelFilter, BandsFollowEachOtherAndOverlapByHalf) {
  const MelFilterBank bank(22050, 16384, 40);
  for (std::size_t mel = 1; mel < bank.n_mels(); ++mel) {
    const MelBand before = bank.band(mel - 1);
    const MelBand here = bank.band(mel);
    EXPECT_GT(here.first_bin, before.first_bin);
    EXPECT_LT(here.first_bin, before.first_bin + before.weights.size());
  }
}

TEST(MelFilter, MoreBandsThanTheBinsCanTellApartAreEmptyAndNotWrong) {
  const MelFilterBank bank(22050, 256, 128);
  std::size_t empty = 0;
  for (std::size_t mel = 0; mel < bank.n_mels(); ++mel) {
    empty += bank.band(mel).weights.empty() ? 1 : 0;
  }
  EXPECT_GT(empty, 0U);
  EXPECT_LT(empty, bank.n_mels());
}

}  // namespace
}  // namespace tutti
