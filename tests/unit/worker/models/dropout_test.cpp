#include "worker/models/dropout.h"

#include <utility>

#include <gtest/gtest.h>

#include "worker/models/philox.h"

namespace tutti {
namespace {

// Known answers of philox4x32-10 in Random123's kat_vectors.
TEST(Philox, GivesTheKnownAnswers) {
  EXPECT_EQ(Philox(0, 0, 0), (PhiloxBlock{0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8}));
  constexpr std::uint64_t kOnes = ~std::uint64_t{0};
  EXPECT_EQ(Philox(kOnes, kOnes, kOnes),
            (PhiloxBlock{0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD}));
}

TEST(Dropout, DropsItsShareAndKeepsTheMean) {
  DropoutStream stream(333);
  const torch::Tensor mask = stream.Mask({1000, 100}, 0.3);
  const double dropped = (mask == 0).to(torch::kFloat64).mean().item<double>();
  EXPECT_NEAR(dropped, 0.3, 0.01);
  EXPECT_NEAR(mask.mean().item<double>(), 1.0, 0.01);
  const float kept = mask.max().item<float>();
  EXPECT_FLOAT_EQ(kept, 1.0F / 0.7F);
  EXPECT_TRUE(((mask == 0) | (mask == kept)).all().item<bool>());
}

TEST(Dropout, EveryMaskIsNewAndTheSeedGivesThemAgain) {
  DropoutStream first(1);
  DropoutStream again(1);
  DropoutStream other(2);
  const torch::Tensor mask = first.Mask({64}, 0.5);
  EXPECT_TRUE(mask.equal(again.Mask({64}, 0.5)));
  EXPECT_FALSE(mask.equal(other.Mask({64}, 0.5)));
  EXPECT_FALSE(mask.equal(first.Mask({64}, 0.5)));
}

TEST(Dropout, GoesOnWhereItWas) {
  DropoutStream first(1);
  for (int i = 0; i < 5; ++i) first.Mask({7}, 0.5);
  DropoutStream resumed(1);
  resumed.SkipTo(first.drawn());
  EXPECT_TRUE(first.Mask({64}, 0.5).equal(resumed.Mask({64}, 0.5)));
}

// What a captured step does: its masks lie where they lay, and their numbers go on.
TEST(Dropout, ARecordedStepsMasksAreFilledWithTheSameNumbers) {
  DropoutStream plain(4);
  DropoutStream captured(4);
  const auto draw = [](DropoutStream& stream) {
    return std::pair(stream.Mask({3, 5}, 0.2), stream.Mask({7}, 0.5));
  };
  RecordedMasks masks;
  captured.BeginRecording(masks);
  EXPECT_TRUE(draw(plain).second.equal(draw(captured).second));
  captured.EndRecording();
  ASSERT_EQ(masks.size(), 22);
  masks.PlaceOn(torch::kCPU);
  captured.BeginReplaying(masks);
  const auto [first, second] = draw(captured);
  captured.EndReplaying();
  for (int step = 0; step < 3; ++step) {
    torch::Tensor numbers = torch::empty({masks.size()}, torch::kFloat32);
    captured.FillRecorded(masks, numbers);
    masks.CopyFrom(numbers);
    const auto expected = draw(plain);
    EXPECT_TRUE(first.equal(expected.first)) << step;
    EXPECT_TRUE(second.equal(expected.second)) << step;
  }
  EXPECT_EQ(plain.drawn(), captured.drawn());
}

TEST(Dropout, ChannelsGoWhole) {
  DropoutStream stream(9);
  const torch::Tensor x = torch::ones({8, 16, 5, 6});
  const torch::Tensor y = DropoutChannels(x, 0.5, stream).flatten(2);
  EXPECT_TRUE(std::get<0>(y.min(2)).equal(std::get<0>(y.max(2))));
  const double dropped = (y == 0).to(torch::kFloat64).mean().item<double>();
  EXPECT_GT(dropped, 0.3);
  EXPECT_LT(dropped, 0.7);
}

}  // namespace
}  // namespace tutti
