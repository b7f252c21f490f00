// Features against librosa's (make_mel_golden.py).
#include "worker/audio/mel.h"

#include <algorithm>
#include <cstdio>

#include "tests/golden/golden_cases.h"
#include "worker/audio/mel_filter.h"

namespace tutti {
namespace {

// Largest allowed differences of features in [0, 1]: on music, and on signals made to be difficult
// (pure tones, impulses, near-silence). Two Python machines differ among each other by up to 2e-7.
constexpr double kMusicBound = 5e-7;
constexpr double kAdversarialBound = 1e-6;
// A decibel value's last float32 step: min-max of a song that spans few decibels stretches it.
constexpr double kDecibelStep = 1e-5;
constexpr double kNarrowRangeDb = 10.0;

MelOptions OptionsOf(const Json& golden) {
  return {golden.at("sample_rate_hz").get<int>(), golden.at("n_fft").get<int>(),
          golden.at("hop").get<int>(), golden.at("n_mels").get<int>()};
}

double BoundOf(const Json& golden) {
  const auto range_db = golden.at("range_db").get<double>();
  if (range_db > 0.0 && range_db < kNarrowRangeDb) return kDecibelStep / range_db;
  return golden.at("kind") == "music" ? kMusicBound : kAdversarialBound;
}

TEST(MelGolden, FeaturesAreThoseOfLibrosa) {
  const auto file = OpenGolden("mel.safetensors");
  ASSERT_NE(file, nullptr);
  EXPECT_TRUE(file->metadata().at("tool").starts_with("librosa 0.11."));
  const auto cases = GoldenCases(*file);
  EXPECT_EQ(cases.size(), 13U);
  for (const Json& golden : cases) {
    const auto name = golden.at("name").get<std::string>();
    SCOPED_TRACE(name);
    const auto extractor = MelExtractor::Create(OptionsOf(golden));
    ASSERT_TRUE(IsOk(extractor));
    const auto mel = (*extractor)->Compute(GoldenSamples(*file, name + ".input"));
    ASSERT_TRUE(IsOk(mel));
    const auto tensor = file->Tensor(name + ".feature");
    ASSERT_TRUE(IsOk(tensor));
    EXPECT_EQ(tensor->shape, (std::vector<std::int64_t>{static_cast<std::int64_t>(mel->n_mels),
                                                        static_cast<std::int64_t>(mel->n_frames)}));
    const double difference =
        LargestDifference(mel->values, GoldenValues<float>(*file, name + ".feature"));
    const double bound = BoundOf(golden);
    std::printf("%-16s largest difference %.2e, bound %.1e\n", name.c_str(), difference, bound);
    EXPECT_LE(difference, bound);
  }
}

TEST(MelGolden, SilenceIsAllZeros) {
  const auto file = OpenGolden("mel.safetensors");
  ASSERT_NE(file, nullptr);
  const auto extractor = MelExtractor::Create({});
  ASSERT_TRUE(IsOk(extractor));
  const auto mel = (*extractor)->Compute(GoldenSamples(*file, "silence.input"));
  ASSERT_TRUE(IsOk(mel));
  EXPECT_TRUE(std::ranges::all_of(mel->values, [](float x) { return x == 0.0F; }));
}

TEST(MelGolden, FilterWeightsAreThoseOfLibrosaToTheBit) {
  const auto file = OpenGolden("mel.safetensors");
  ASSERT_NE(file, nullptr);
  const auto mels = GoldenValues<std::int32_t>(*file, "filter.mels");
  const auto bins = GoldenValues<std::int32_t>(*file, "filter.bins");
  const auto weights = GoldenValues<float>(*file, "filter.weights");
  ASSERT_EQ(weights.size(), 2018U);
  const MelFilterBank bank(22050, 2048, 128);
  std::size_t at = 0;
  for (std::size_t mel = 0; mel < bank.n_mels(); ++mel) {
    const MelBand band = bank.band(mel);
    for (std::size_t i = 0; i < band.weights.size(); ++i, ++at) {
      ASSERT_LT(at, weights.size());
      EXPECT_EQ(mels[at], static_cast<std::int32_t>(mel));
      EXPECT_EQ(bins[at], static_cast<std::int32_t>(band.first_bin + i));
      EXPECT_EQ(weights[at], band.weights[i]) << "mel " << mel << ", bin " << bins[at];
    }
  }
  EXPECT_EQ(at, weights.size());
}

}  // namespace
}  // namespace tutti
