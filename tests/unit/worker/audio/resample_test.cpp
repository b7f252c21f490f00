#include "worker/audio/resample.h"

#include <algorithm>

#include "tests/support/result_matchers.h"
#include "tests/unit/worker/audio/audio_files.h"

namespace tutti {
namespace {

TEST(Resample, TheLengthIsRoundedUp) {
  EXPECT_EQ(ResampledLength(44100, 44100, 22050), 22050U);
  EXPECT_EQ(ResampledLength(44101, 44100, 22050), 22051U);
  EXPECT_EQ(ResampledLength(1, 48000, 22050), 1U);
  EXPECT_EQ(ResampledLength(0, 48000, 22050), 0U);
  for (const std::size_t n : {std::size_t{1}, std::size_t{7}, std::size_t{4801}}) {
    const auto output = Resample(std::vector<float>(n, 0.1F), 48000, 22050);
    ASSERT_TRUE(IsOk(output));
    EXPECT_EQ(output->size(), ResampledLength(n, 48000, 22050));
  }
}

TEST(Resample, EqualRatesChangeNothing) {
  const auto tone = Tone(1000, 440, 22050);
  const auto output = Resample(tone, 22050, 22050);
  ASSERT_TRUE(IsOk(output));
  EXPECT_EQ(*output, tone);
}

TEST(Resample, ATonePassesAndOneAboveTheNewNyquistDoesNot) {
  const auto low = Resample(Tone(48000, 1000, 48000), 48000, 22050);
  ASSERT_TRUE(IsOk(low));
  const auto expected = Tone(22050, 1000, 22050);
  for (std::size_t i = 2000; i < 20'000; ++i) ASSERT_NEAR((*low)[i], expected[i], 1e-4) << i;

  const auto high = Resample(Tone(48000, 15'000, 48000), 48000, 22050);
  ASSERT_TRUE(IsOk(high));
  for (std::size_t i = 2000; i < 20'000; ++i) ASSERT_NEAR((*high)[i], 0.0F, 1e-4) << i;
}

TEST(Resample, PiecesGiveTheSameBitsAsTheWhole) {
  const auto tone = Tone(100'000, 997, 44100);
  const auto whole = Resample(tone, 44100, 22050);
  ASSERT_TRUE(IsOk(whole));
  for (const std::size_t size : {std::size_t{100}, std::size_t{4096}, std::size_t{33'333}}) {
    const auto resampler = StreamResampler::Create(44100, 22050);
    ASSERT_TRUE(IsOk(resampler));
    std::vector<float> output(whole->size());
    std::span<float> room(output);
    for (std::size_t at = 0; at < tone.size(); at += size) {
      const auto piece = std::span(tone).subspan(at, std::min(size, tone.size() - at));
      const auto given = (*resampler)->Push(piece, room);
      ASSERT_TRUE(IsOk(given));
      room = room.subspan(*given);
    }
    ASSERT_TRUE(IsOk((*resampler)->Finish(room)));
    EXPECT_EQ(output, *whole) << "pieces of " << size;
  }
}

TEST(Resample, RatesBelowOneHertzAreRefused) {
  EXPECT_TRUE(FailsWith(StreamResampler::Create(0, 22050), ErrorCode::kInvalidArgument,
                        "resample 0 Hz to 22050 Hz"));
}

}  // namespace
}  // namespace tutti
