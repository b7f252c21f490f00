#include "worker/audio/mel.h"

#include <algorithm>
#include <complex>
#include <limits>
#include <thread>

#include "tests/support/result_matchers.h"
#include "tests/unit/worker/audio/audio_files.h"
#include "worker/audio/decibel.h"

namespace tutti {
namespace {

constexpr MelOptions kSmall{.sample_rate_hz = 8000, .n_fft = 64, .hop = 16, .n_mels = 8};

std::unique_ptr<MelExtractor> Make(const MelOptions& options) {
  auto extractor = MelExtractor::Create(options);
  EXPECT_TRUE(IsOk(extractor));
  return extractor.ok() ? *std::move(extractor) : nullptr;
}

// The definition, without any of the short cuts: a Fourier sum in double, every filter over every
// bin.
std::vector<float> Dense(const MelOptions& options, const std::vector<float>& samples) {
  const int n = options.n_fft;
  const MelFilterBank bank(options.sample_rate_hz, n, options.n_mels);
  const std::size_t frames = 1 + samples.size() / static_cast<std::size_t>(options.hop);
  std::vector<float> mel(bank.n_mels() * frames);
  for (std::size_t t = 0; t < frames; ++t) {
    std::vector<float> power(bank.n_bins());
    for (std::size_t k = 0; k < bank.n_bins(); ++k) {
      std::complex<double> sum;
      for (int i = 0; i < n; ++i) {
        const auto at = static_cast<std::ptrdiff_t>(t) * options.hop - n / 2 + i;
        if (at < 0 || at >= static_cast<std::ptrdiff_t>(samples.size())) continue;
        const double window = 0.5 - 0.5 * std::cos(2 * std::numbers::pi * i / n);
        sum += window * static_cast<double>(samples[static_cast<std::size_t>(at)]) *
               std::polar(1.0, -2 * std::numbers::pi * static_cast<double>(k) * i / n);
      }
      power[k] = static_cast<float>(std::norm(sum));
    }
    for (std::size_t m = 0; m < bank.n_mels(); ++m) {
      std::vector<float> row(bank.n_bins());  // the band with its zeros
      std::ranges::copy(bank.band(m).weights,
                        row.begin() + static_cast<std::ptrdiff_t>(bank.band(m).first_bin));
      double sum = 0;
      for (std::size_t k = 0; k < row.size(); ++k) sum += static_cast<double>(row[k] * power[k]);
      mel[m * frames + t] = static_cast<float>(sum);
    }
  }
  EXPECT_TRUE(IsOk(PowersToFeatures(mel)));
  return mel;
}

TEST(Mel, TheFastWayEqualsTheDenseDefinition) {
  // Lengths around the hop, the window and the block of sixteen frames.
  for (const std::size_t n : {1U, 15U, 16U, 31U, 32U, 33U, 64U, 240U, 255U, 256U, 257U, 1000U}) {
    auto samples = Tone(n, 700, 8000);
    for (std::size_t i = 0; i < n; ++i) samples[i] += static_cast<float>(i * 37 % 101) / 400.0F;
    const auto mel = Make(kSmall)->Compute(samples);
    ASSERT_TRUE(IsOk(mel));
    EXPECT_EQ(mel->n_frames, 1 + n / 16);
    const auto dense = Dense(kSmall, samples);
    ASSERT_EQ(mel->values.size(), dense.size());
    for (std::size_t i = 0; i < dense.size(); ++i) {
      ASSERT_NEAR(mel->values[i], dense[i], 1e-5) << n << " samples, value " << i;
    }
  }
}

TEST(Mel, AClipOfThirtySecondsHas1292Frames) {
  EXPECT_EQ(Make({})->FrameCount(661'500), 1292U);
}

TEST(Mel, FeaturesLieBetweenZeroAndOneAndReachBoth) {
  const auto mel = Make({})->Compute(Tone(22050, 1000, 22050));
  ASSERT_TRUE(IsOk(mel));
  EXPECT_EQ(std::ranges::min(mel->values), 0.0F);
  EXPECT_EQ(std::ranges::max(mel->values), 1.0F);
}

TEST(Mel, AToneIsLoudestInTheBandOfItsFrequency) {
  const auto mel = Make({})->Compute(Tone(22050, 1000, 22050));
  ASSERT_TRUE(IsOk(mel));
  const std::size_t frame = mel->n_frames / 2;
  std::size_t loudest = 0;
  for (std::size_t m = 0; m < mel->n_mels; ++m) {
    if (mel->values[m * mel->n_frames + frame] > mel->values[loudest * mel->n_frames + frame]) {
      loudest = m;
    }
  }
  const MelBand band = MelFilterBank(22050, 2048, 128).band(loudest);
  const double hz_per_bin = 22050.0 / 2048;
  EXPECT_LT(static_cast<double>(band.first_bin - 1) * hz_per_bin, 1000.0);
  EXPECT_GT(static_cast<double>(band.first_bin + band.weights.size()) * hz_per_bin, 1000.0);
}

TEST(Mel, DirectCurrentIsLoudestInTheLowestBand) {
  const auto mel = Make({})->Compute(std::vector<float>(22050, 0.5F));
  ASSERT_TRUE(IsOk(mel));
  const std::size_t frame = mel->n_frames / 2;
  for (std::size_t m = 1; m < mel->n_mels; ++m) {
    EXPECT_LT(mel->values[m * mel->n_frames + frame], mel->values[frame]) << m;
  }
}

TEST(Mel, SilenceIsAllZeros) {
  for (const float level : {0.0F, 1e-30F}) {
    const auto mel = Make({})->Compute(std::vector<float>(5000, level));
    ASSERT_TRUE(IsOk(mel));
    EXPECT_TRUE(std::ranges::all_of(mel->values, [](float x) { return x == 0.0F; })) << level;
  }
}

TEST(Mel, NoSampleNoFeatures) {
  EXPECT_TRUE(FailsWith(Make({})->Compute({}), ErrorCode::kInvalidArgument, "no samples"));
}

TEST(Mel, SamplesThatAreNotFiniteOrTooLargeAreBadData) {
  std::vector<float> samples(3000, 0.1F);
  samples[77] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_TRUE(FailsWith(Make({})->Compute(samples), ErrorCode::kDataLoss, "sample 77"));
  samples[77] = 3e38F;
  EXPECT_TRUE(FailsWith(Make({})->Compute(samples), ErrorCode::kDataLoss, "too large"));
}

TEST(Mel, OptionsOutOfRangeAreRefused) {
  const auto refused = [](const MelOptions& options, const std::string& name) {
    return FailsWith(MelExtractor::Create(options), ErrorCode::kInvalidArgument, name);
  };
  EXPECT_TRUE(refused({.sample_rate_hz = 0}, "sample_rate_hz"));
  EXPECT_TRUE(refused({.n_fft = 0}, "n_fft"));
  EXPECT_TRUE(refused({.n_fft = 2047}, "n_fft"));
  EXPECT_TRUE(refused({.hop = 0}, "hop"));
  EXPECT_TRUE(refused({.n_mels = 0}, "n_mels"));
  EXPECT_TRUE(refused({.n_fft = 64, .n_mels = 33}, "n_mels"));
}

TEST(Mel, ManyThreadsMayShareOneExtractor) {
  const auto extractor = Make({});
  const auto tone = Tone(30'000, 600, 22050);
  const auto expected = extractor->Compute(tone);
  ASSERT_TRUE(IsOk(expected));
  std::vector<int> equal(4, 0);
  {
    std::vector<std::jthread> threads;
    for (int& flag : equal) {
      threads.emplace_back([&] {
        const auto mine = Make({})->Compute(tone);  // plans are made at the same time, too
        const auto shared = extractor->Compute(tone);
        flag = mine.ok() && shared.ok() && mine->values == expected->values &&
               shared->values == expected->values;
      });
    }
  }
  EXPECT_EQ(equal, std::vector<int>(4, 1));
}

}  // namespace
}  // namespace tutti
