#include "worker/audio/clip.h"

#include <algorithm>

#include "tests/support/result_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/worker/audio/audio_files.h"
#include "worker/audio/resample.h"

namespace tutti {
namespace {

constexpr int kWavFloat = SF_FORMAT_WAV | SF_FORMAT_FLOAT;

FeatureSpec TwoSeconds() {
  FeatureSpec spec;
  spec.clip_seconds = 2.0;
  return spec;
}

TEST(Clip, AShortTrackIsZeroPaddedAndALongOneCut) {
  const TempDir dir;
  const auto tone = Tone(60'000, 440, 22050);
  const std::vector<float> start(tone.begin(), tone.begin() + 1000);
  WriteAudio(dir / "short.wav", kWavFloat, start);
  WriteAudio(dir / "long.wav", kWavFloat, tone);
  auto expected = start;
  expected.resize(44100);
  const auto padded = LoadClip(dir / "short.wav", TwoSeconds());
  ASSERT_TRUE(IsOk(padded));
  EXPECT_EQ(*padded, expected);
  const auto cut = LoadClip(dir / "long.wav", TwoSeconds());
  ASSERT_TRUE(IsOk(cut));
  EXPECT_EQ(*cut, std::vector<float>(tone.begin(), tone.begin() + 44100));
}

// The definition is: resample all of the file, then cut.
class ClipAtAnotherRate : public testing::TestWithParam<int> {};

TEST_P(ClipAtAnotherRate, EqualsTheWholeFileResampledAndThenCutToTheBit) {
  const TempDir dir;
  for (const double seconds : {0.3, 1.999, 2.0, 2.001, 5.0}) {
    const auto tone =
        Tone(static_cast<std::size_t>(seconds * GetParam()), 997, static_cast<double>(GetParam()));
    WriteAudio(dir / "a.wav", kWavFloat, tone, GetParam());
    auto whole = Resample(tone, GetParam(), 22050);
    ASSERT_TRUE(IsOk(whole));
    whole->resize(44100);
    const auto clip = LoadClip(dir / "a.wav", TwoSeconds());
    ASSERT_TRUE(IsOk(clip));
    EXPECT_EQ(*clip, *whole) << seconds << " s";
  }
}

INSTANTIATE_TEST_SUITE_P(Rates, ClipAtAnotherRate,
                         testing::Values(8000, 16000, 22051, 44100, 48000, 96000));

TEST(Clip, OnlyWhatTheClipNeedsIsRead) {
  const TempDir dir;
  for (const int rate_hz : {22050, 44100}) {
    auto tone = Tone(static_cast<std::size_t>(rate_hz) * 4, 440, rate_hz);
    tone.back() = std::numeric_limits<float>::quiet_NaN();
    WriteAudio(dir / "a.wav", kWavFloat, tone, rate_hz);
    EXPECT_TRUE(IsOk(LoadClip(dir / "a.wav", TwoSeconds())));
  }
}

TEST(Clip, AHeaderWithoutASampleIsUndecodable) {
  const TempDir dir;
  for (const int rate_hz : {22050, 44100}) {
    WriteAudio(dir / "a.wav", kWav16, {}, rate_hz);
    EXPECT_TRUE(FailsWith(LoadClip(dir / "a.wav", TwoSeconds()), ErrorCode::kDataLoss,
                          "there is not one sample in it"));
  }
}

}  // namespace
}  // namespace tutti
