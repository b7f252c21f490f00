#include "worker/trainer/slicing.h"

#include <algorithm>
#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/result_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/worker/trainer/tiny_job.h"
#include "worker/trainer/device_features.h"

namespace tutti {
namespace {

using testing::ElementsAre;

SliceGrid Grid(double slice_seconds, double overlap = 0.5) {
  const auto grid = MakeSliceGrid(FeatureSpec{}, slice_seconds, overlap);
  EXPECT_TRUE(IsOk(grid));
  return *grid;
}

// The study's numbers for its clips of 30 s (1292 frames).
TEST(SliceGrid, CutsAClipAsTheStudyDoes) {
  EXPECT_EQ(Grid(1).frames, 43);
  EXPECT_EQ(Grid(1).stride, 21);
  EXPECT_EQ(Grid(1).per_track, 60);
  EXPECT_EQ(Grid(3).frames, 129);
  EXPECT_EQ(Grid(3).per_track, 19);
  EXPECT_EQ(Grid(5).frames, 215);
  EXPECT_EQ(Grid(5).per_track, 11);
  EXPECT_EQ(Grid(10).frames, 430);
  EXPECT_EQ(Grid(10).per_track, 5);
}

TEST(SliceGrid, WithoutOverlapSlicesTouch) {
  EXPECT_EQ(Grid(10, 0).stride, 430);
  EXPECT_EQ(Grid(10, 0).per_track, 3);
}

TEST(SliceGrid, ASliceLongerThanTheClipIsRefused) {
  EXPECT_TRUE(FailsWith(MakeSliceGrid(FeatureSpec{}, 31, 0.5), ErrorCode::kInvalidArgument,
                        "1335 frames, the clip has 1292"));
  EXPECT_TRUE(
      FailsWith(MakeSliceGrid(FeatureSpec{}, 0.001, 0.5), ErrorCode::kInvalidArgument, "0"));
  EXPECT_TRUE(
      FailsWith(MakeSliceGrid(FeatureSpec{}, 1, 0.99), ErrorCode::kInvalidArgument, "no stride"));
}

TEST(Slices, GoTrackByTrackFromStartToEnd) {
  const std::vector<std::size_t> tracks{4, 2};
  const auto slices = SlicesOf(tracks, {43, 21, 2});
  std::vector<std::pair<std::size_t, std::int64_t>> places;
  for (const Slice& slice : slices) places.emplace_back(slice.track, slice.start);
  using Place = std::pair<std::size_t, std::int64_t>;
  EXPECT_THAT(places, ElementsAre(Place{4, 0}, Place{4, 21}, Place{2, 0}, Place{2, 21}));
}

TEST(Batch, HoldsTheFramesOfItsSlices) {
  const TempDir folder;
  const auto job = ParseTrainJob(MakeTinyJob(folder.path()));
  ASSERT_TRUE(IsOk(job));
  const auto features = Features::Open(*job);
  ASSERT_TRUE(IsOk(features));
  const auto grid = MakeSliceGrid(job->features, 1, 0.5);
  ASSERT_TRUE(IsOk(grid));
  const std::vector<Slice> slices{{3, 21}, {0, 0}};
  const Batch batch = GatherBatch(slices, *grid, *features, *job);
  ASSERT_THAT(batch.slices.sizes().vec(), ElementsAre(2, 128, 43));
  EXPECT_EQ(batch.labels[0].item<std::int64_t>(), 1);
  EXPECT_EQ(batch.labels[1].item<std::int64_t>(), 0);
  const auto track = features->Of(3);
  for (const std::int64_t mel : {0, 77, 127}) {
    for (const std::int64_t frame : {0, 42}) {
      const auto at = static_cast<std::size_t>(mel * features->frames() + 21 + frame);
      EXPECT_EQ(batch.slices[0][mel][frame].item<float>(), track[at]);
    }
  }
}

// On the CPU, where it can be compared: what a GPU cuts out of its own copy of the features.
TEST(Batch, IsTheSameCutOutOfFeaturesOnTheDevice) {
  const TempDir folder;
  const auto job = ParseTrainJob(MakeTinyJob(folder.path()));
  ASSERT_TRUE(IsOk(job));
  const auto features = Features::Open(*job);
  ASSERT_TRUE(IsOk(features));
  const auto grid = MakeSliceGrid(job->features, 1, 0.5);
  ASSERT_TRUE(IsOk(grid));
  const std::vector<Slice> slices{{3, 21}, {0, 0}, {5, 42}};
  const Batch batch = GatherBatch(slices, *grid, *features, *job);
  const DeviceFeatures on_device(*features, *job, *grid, torch::kCPU);
  torch::Tensor places = torch::empty({3, 3}, torch::kInt64);
  PlacesOf(slices, *job, places);
  EXPECT_TRUE(on_device.Gather(places).equal(batch.slices));
  EXPECT_TRUE(places[2].equal(batch.labels));
}

TEST(ShuffledOrder, IsAPermutationOfSeedAndEpoch) {
  const auto order = ShuffledOrder(100, 333, 1);
  auto sorted = order;
  std::ranges::sort(sorted);
  std::vector<std::size_t> all(100);
  std::iota(all.begin(), all.end(), 0);
  EXPECT_EQ(sorted, all);
  EXPECT_NE(order, all);
  EXPECT_EQ(order, ShuffledOrder(100, 333, 1));
  EXPECT_NE(order, ShuffledOrder(100, 333, 2));
  EXPECT_NE(order, ShuffledOrder(100, 123, 1));
}

TEST(BatchEnds, ALastBatchOfOneJoinsTheOneBeforeIt) {
  EXPECT_THAT(BatchEnds(32, 16), ElementsAre(16, 32));
  EXPECT_THAT(BatchEnds(35, 16), ElementsAre(16, 32, 35));
  EXPECT_THAT(BatchEnds(33, 16), ElementsAre(16, 33));
  EXPECT_THAT(BatchEnds(1, 16), ElementsAre(1));
}

}  // namespace
}  // namespace tutti
