#include "coordinator/http/hearing.h"

#include <cmath>
#include <string>

#include <gtest/gtest.h>

namespace tutti {
namespace {

constexpr int kBands = 128;
constexpr double kFramesPerSecond = 43;
const std::vector<double> kClear{0.9, 0.1};

// level(frame): of all bands, 0 to 255 for 80 dB.
template <class Level>
v1::Heard Picture(int frames, Level level) {
  v1::Heard heard;
  heard.set_mel_bands(kBands);
  heard.set_mel_frames(frames);
  heard.set_peak(0.5);
  for (int band = 0; band < kBands; ++band) {
    for (int frame = 0; frame < frames; ++frame) {
      heard.mutable_mel()->push_back(static_cast<char>(level(frame)));
    }
  }
  return heard;
}

// Syllables of an eighth of a second with pauses between them that are 40 dB lower.
int Syllables(int frame) {
  return frame % 8 < 2 ? 255 : 127;
}
int Tone(int) {
  return 200;
}

TEST(Hearing, WhatPausesLikeSpeechIsCalledSpeech) {
  const v1::Heard heard = Picture(430, Syllables);
  EXPECT_GT(FindPauses(heard, kFramesPerSecond).low_share, 0.6);
  EXPECT_GT(FindPauses(heard, kFramesPerSecond).deep_share, 0.2);
  EXPECT_EQ(Judge(heard, kClear, kFramesPerSecond), Sureness::kSpeech);
}

TEST(Hearing, WhatIsPlayedOnIsMusic) {
  const v1::Heard heard = Picture(430, Tone);
  EXPECT_EQ(FindPauses(heard, kFramesPerSecond).low_share, 0);
  EXPECT_EQ(Judge(heard, kClear, kFramesPerSecond), Sureness::kSure);
}

TEST(Hearing, APaddedEndIsNoPause) {
  const v1::Heard heard = Picture(1290, [](int frame) { return frame < 100 ? Tone(frame) : 0; });
  EXPECT_EQ(FindPauses(heard, kFramesPerSecond).deep_share, 0);
}

TEST(Hearing, LessThanASecondHasNoPauses) {
  EXPECT_EQ(FindPauses(Picture(20, Syllables), kFramesPerSecond).low_share, 0);
  EXPECT_EQ(FindPauses(v1::Heard(), kFramesPerSecond).low_share, 0);
}

TEST(Hearing, ASilentFileIsSilenceWhateverTheModelSays) {
  v1::Heard heard = Picture(430, Tone);
  heard.set_peak(kSilencePeak / 2);
  EXPECT_EQ(Judge(heard, kClear, kFramesPerSecond), Sureness::kSilence);
}

TEST(Hearing, IsSureOnlyOfAClassThatIsClearlyAhead) {
  const v1::Heard heard = Picture(430, Tone);
  EXPECT_EQ(Judge(heard, {0.4, 0.3, 0.3}, kFramesPerSecond), Sureness::kLowConfidence);
  EXPECT_EQ(Judge(heard, {0.51, 0.49}, kFramesPerSecond), Sureness::kLowConfidence);
  EXPECT_EQ(Judge(heard, {0.2, 0.6, 0.2}, kFramesPerSecond), Sureness::kSure);
}

TEST(Hearing, TheAnswerHasVotesMeansAndThePicture) {
  v1::PredictResponse response;
  response.mutable_model()->add_classes("blues");
  response.mutable_model()->add_classes("rock");
  response.mutable_model()->set_config_json(
      R"({"model": "rnn", "slice_seconds": 2, "training": {"overlap": 0.5}})");
  *response.mutable_heard() = Picture(430, Tone);
  for (const float rock : {0.9F, 0.8F, 0.3F}) {
    auto& slice = *response.mutable_heard()->add_slices();
    slice.add_probabilities(1 - rock);
    slice.add_probabilities(rock);
  }
  const OrderedJson json = HearingJson(response);
  EXPECT_EQ(json["predicted"], "rock");
  EXPECT_EQ(json["sure"], true);
  EXPECT_EQ(json["classes"][0]["votes"], 2);
  EXPECT_NEAR(json["classes"][0]["probability"].get<double>(), 2.0 / 3, 1e-6);
  EXPECT_EQ(json["slices"][2]["at_seconds"], 2.0);
  EXPECT_EQ(json["mel"]["levels"].get<std::string>().size(), 4 * ((430 * kBands + 2) / 3));
}

}  // namespace
}  // namespace tutti
