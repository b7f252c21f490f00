// How good the estimate of the time left is.
#include <cmath>
#include <iostream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/cluster.h"
#include "tests/support/tiny_music.h"

namespace tutti {
namespace {

TEST(RemainingTime, AtHalfTimeTheEstimateOfADemoSweepIsWithinAQuarterOfWhatCame) {
  Cluster cluster;
  cluster.StartWorker("one", 1);
  cluster.AddTinyMusic();
  // As in the quickstart: models of different speed at two slice lengths.
  const std::string file = cluster.SweepFile(R"(name: demo
dataset: tiny
grid:
  model: [crnn1d, rnn]
  slice_seconds: [0.5, 1]
  seed: [1, 2, 3, 4]
training: {epochs: 40, patience: 40}
features: {clip_seconds: 2}
)");
  const Outcome ended = cluster.Tutti({"submit", file, "--wait"});
  ASSERT_EQ(ended.code(), 0) << testing::PrintToString(ended);
  const Json estimates = cluster.TuttiJson({"show", "demo"})["past_estimates"];
  ASSERT_EQ(estimates.size(), 3U) << "after a quarter, half and three quarters of its time";
  const Json& half = estimates[1];
  EXPECT_GT(half["actual_seconds"].get<double>(), 5) << "long enough to tell anything";
  EXPECT_LE(half["low_seconds"].get<double>(), half["high_seconds"].get<double>());
  EXPECT_LE(std::abs(half["error"].get<double>()), 0.25) << estimates;
  std::cout << estimates << '\n';
}

}  // namespace
}  // namespace tutti
