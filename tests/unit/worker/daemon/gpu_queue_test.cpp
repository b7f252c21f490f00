#include "worker/daemon/gpu_queue.h"

#include <gmock/gmock.h>

#include "tests/unit/worker/daemon/loop_fixture.h"

namespace tutti {
namespace {

using testing::ElementsAre;

constexpr std::int64_t kGibibyte = 1 << 30;

class GpuQueueTest : public LoopFixture {
 protected:
  // words: "a cuda:0" when run a got that device, "a late" when it waited too long.
  GpuQueue::Place Ask(GpuQueue& queue, const std::string& name, const std::string& key) {
    return queue.Ask(
        {}, key, [this, name](const std::string& device) { words_.push_back(name + " " + device); },
        [this, name](const std::string&) { words_.push_back(name + " late"); });
  }
  bool Has(std::size_t words) const { return words_.size() >= words; }

  GpuShares shares_{{0}};
  std::vector<std::string> words_;
};

TEST_F(GpuQueueTest, WhoWaitsIsServedInTurnWhenAnotherLeaves) {
  GpuQueue queue(*loop_, clock_, shares_);
  const auto first = Ask(queue, "a", "cnn");
  Ask(queue, "b", "cnn");
  Ask(queue, "c", "cnn");
  RunUntil([&] { return Has(1) && queue.full(); });
  queue.Leave(first);
  queue.Leave(first);
  RunUntil([&] { return Has(2) && queue.full(); });
  EXPECT_THAT(words_, ElementsAre("a cuda:0", "b cuda:0"));
}

TEST_F(GpuQueueTest, OneThatLeavesWhileItWaitsGetsNothing) {
  GpuQueue queue(*loop_, clock_, shares_);
  const auto first = Ask(queue, "a", "cnn");
  const auto second = Ask(queue, "b", "cnn");
  Ask(queue, "c", "cnn");
  RunUntil([&] { return Has(1) && queue.full(); });
  queue.Leave(second);
  queue.Leave(first);
  RunUntil([&] { return Has(2); });
  EXPECT_THAT(words_, ElementsAre("a cuda:0", "c cuda:0"));
}

TEST_F(GpuQueueTest, WhatIsLearntMakesRoom) {
  GpuQueue queue(*loop_, clock_, shares_);
  Ask(queue, "a", "cnn");
  Ask(queue, "b", "cnn");
  RunUntil([&] { return Has(1) && queue.full(); });
  queue.ObserveMemory("cuda:0", 80 * kGibibyte);
  queue.Learn("cnn", 2 * kGibibyte);
  RunUntil([&] { return Has(2); });
  EXPECT_FALSE(queue.full());
}

TEST_F(GpuQueueTest, NobodyOvertakesOneThatFindsNoRoom) {
  shares_.ObserveMemory("cuda:0", 80 * kGibibyte);
  shares_.Learn("large", 60 * kGibibyte);
  shares_.Learn("small", 10 * kGibibyte);
  GpuQueue queue(*loop_, clock_, shares_);
  const auto first = Ask(queue, "a", "large");
  Ask(queue, "b", "large");
  Ask(queue, "c", "small");
  RunUntil([&] { return Has(1) && queue.full(); });
  EXPECT_THAT(words_, ElementsAre("a cuda:0"));
  queue.Leave(first);
  RunUntil([&] { return Has(3); });
  EXPECT_THAT(words_, ElementsAre("a cuda:0", "b cuda:0", "c cuda:0"));
}

TEST_F(GpuQueueTest, WhileStrangersComputeEverybodyWaitsAndAtLastLeaves) {
  GpuQueue queue(*loop_, clock_, shares_, std::chrono::milliseconds(30));
  queue.ObserveStrangers("cuda:0", true);
  Ask(queue, "a", "cnn");
  Ask(queue, "b", "cnn");
  RunUntil([&] { return Has(2); });
  EXPECT_THAT(words_, ElementsAre("a late", "b late"));
  EXPECT_TRUE(queue.full()) << "another would find no room either";
  queue.ObserveStrangers("cuda:0", false);
  EXPECT_FALSE(queue.full());
  Ask(queue, "c", "cnn");
  RunUntil([&] { return Has(3); });
  EXPECT_EQ(words_.back(), "c cuda:0");
}

TEST_F(GpuQueueTest, OnTheProcessorNobodyWaits) {
  GpuShares none({});
  GpuQueue queue(*loop_, clock_, none);
  for (const char* name : {"a", "b", "c"}) Ask(queue, name, "cnn");
  RunUntil([&] { return Has(3); });
  EXPECT_THAT(words_, testing::Each(testing::EndsWith(" cpu")));
}

}  // namespace
}  // namespace tutti
