#include "worker/daemon/gpu_shares.h"

#include <gtest/gtest.h>

namespace tutti {
namespace {

constexpr std::int64_t kGibibyte = 1 << 30;

// The device that a run with this key gets; "" where it has to wait.
std::string Taken(GpuShares& shares, const std::string& key = "", const GpuWish& wish = {}) {
  const auto share = shares.Take(wish, key);
  return share ? share->device : "";
}

// One GPU of 80 GiB.
class OneGpu : public testing::Test {
 protected:
  OneGpu() { shares_.ObserveMemory("cuda:0", 80 * kGibibyte); }
  bool Takes(const std::string& key) { return Taken(shares_, key) == "cuda:0"; }

  GpuShares shares_{{0}};
};

TEST_F(OneGpu, RunsShareItWhileTheirNeedsFit) {
  shares_.Learn("cnn", 30 * kGibibyte);
  EXPECT_TRUE(Takes("cnn"));
  EXPECT_TRUE(Takes("cnn"));
  EXPECT_FALSE(Takes("cnn")) << "90 of 80 GiB";
  shares_.Learn("rnn", 10 * kGibibyte);
  EXPECT_TRUE(Takes("rnn"));
  EXPECT_FALSE(Takes("rnn")) << "80 GiB leave nothing to spare";
}

TEST_F(OneGpu, TheFirstRunOfAKindIsAloneUntilItHasTold) {
  EXPECT_TRUE(Takes("cnn"));
  EXPECT_FALSE(Takes("cnn"));
  EXPECT_FALSE(Takes("rnn"));
  shares_.Learn("cnn", 10 * kGibibyte);
  EXPECT_TRUE(Takes("cnn"));
  EXPECT_TRUE(Takes("rnn")) << "half of the memory is left over for the next probe";
  EXPECT_FALSE(Takes("cnn")) << "beside a probe nobody";
}

TEST_F(OneGpu, AProbeNeedsHalfOfTheMemory) {
  shares_.Learn("cnn", 41 * kGibibyte);
  EXPECT_TRUE(Takes("cnn"));
  EXPECT_FALSE(Takes("rnn"));
}

TEST_F(OneGpu, TheLargestNeedCounts) {
  shares_.Learn("cnn", 50 * kGibibyte);
  shares_.Learn("cnn", 10 * kGibibyte);
  EXPECT_EQ(shares_.NeedOf("cnn"), 50 * kGibibyte);
  EXPECT_TRUE(Takes("cnn"));
  EXPECT_FALSE(Takes("cnn"));
}

TEST_F(OneGpu, WhatNeedsMoreThanItHasIsTriedAlone) {
  shares_.Learn("huge", 100 * kGibibyte);
  EXPECT_TRUE(Takes("huge")) << "the need was another dataset's, or the run says out_of_memory";
  EXPECT_FALSE(Takes("huge"));
}

TEST_F(OneGpu, WhatIsGivenBackIsRoomAgain) {
  shares_.Learn("cnn", 70 * kGibibyte);
  const auto share = shares_.Take({}, "cnn");
  ASSERT_TRUE(share);
  EXPECT_FALSE(Takes("cnn"));
  shares_.GiveBack(*share);
  EXPECT_TRUE(Takes("cnn"));
}

TEST_F(OneGpu, WhereStrangersComputeNoRunBegins) {
  EXPECT_TRUE(shares_.ObserveStrangers("cuda:0", true));
  EXPECT_FALSE(shares_.ObserveStrangers("cuda:0", true)) << "nothing new";
  EXPECT_FALSE(Takes("cnn"));
  EXPECT_TRUE(shares_.ObserveStrangers("cuda:0", false));
  EXPECT_TRUE(Takes("cnn"));
}

TEST(GpuShares, WithoutKnowingItsMemoryItsRunsHaveItOneAfterTheOther) {
  GpuShares shares({0});
  shares.Learn("cnn", kGibibyte);
  EXPECT_EQ(Taken(shares, "cnn"), "cuda:0");
  EXPECT_EQ(Taken(shares, "cnn"), "");
  EXPECT_EQ(Taken(shares, "rnn"), "");
  EXPECT_FALSE(shares.ObserveMemory("cuda:0", 0)) << "that tells nothing";
  EXPECT_TRUE(shares.ObserveMemory("cuda:0", 80 * kGibibyte));
  EXPECT_EQ(Taken(shares, "cnn"), "cuda:0");
}

TEST(GpuShares, RunsTakeThemInTurn) {
  GpuShares shares({2, 0});
  shares.Learn("", kGibibyte);
  shares.ObserveMemory("cuda:0", 80 * kGibibyte);
  shares.ObserveMemory("cuda:2", 80 * kGibibyte);
  EXPECT_EQ(Taken(shares), "cuda:2");
  const auto second = shares.Take();
  EXPECT_EQ(second->device, "cuda:0");
  EXPECT_EQ(Taken(shares), "cuda:2");
  EXPECT_EQ(Taken(shares), "cuda:0");
  shares.GiveBack(*second);
  EXPECT_EQ(Taken(shares), "cuda:0");
}

TEST(GpuShares, WithoutGpusAllRunOnTheProcessor) {
  GpuShares none({});
  const auto share = none.Take();
  EXPECT_EQ(share->device, "cpu");
  none.GiveBack(*share);
  EXPECT_EQ(Taken(none), "cpu");
}

TEST(GpuShares, ARunTakesTheOneItHasToAndNoneThatItMustNot) {
  GpuShares shares({0, 1, 2});
  EXPECT_EQ(Taken(shares, "", {"cuda:2", {}}), "cuda:2");
  EXPECT_EQ(Taken(shares, "", {"cuda:2", {}}), "") << "it waits for that one";
  EXPECT_EQ(Taken(shares, "", {"", {"cuda:0"}}), "cuda:1");
  EXPECT_EQ(Taken(shares, "", {"", {"cuda:0", "cuda:1", "cuda:2"}}), "cuda:0")
      << "a job has to run somewhere";
  GpuShares others({0});
  EXPECT_EQ(Taken(others, "", {"cuda:7", {}}), "cuda:0") << "there is no such GPU any more";
}

}  // namespace
}  // namespace tutti
