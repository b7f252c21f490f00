#include "worker/daemon/slot_queue.h"

#include <gmock/gmock.h>

#include "tests/unit/worker/daemon/loop_fixture.h"

namespace tutti {
namespace {

using testing::ElementsAre;

class SlotQueueTest : public LoopFixture {
 protected:
  // words: "a" when run a has its turn, "a late" when it waited too long.
  SlotQueue::Place Ask(SlotQueue& queue, const std::string& name) {
    return queue.Ask([this, name] { words_.push_back(name); },
                     [this, name](const std::string&) { words_.push_back(name + " late"); });
  }
  bool Has(std::size_t words) const { return words_.size() >= words; }

  std::vector<std::string> words_;
  int slow_ = 0;
  const std::function<void()> on_slow_ = [this] { ++slow_; };
};

TEST_F(SlotQueueTest, EachSlotIsOnesTurnAndWhoWaitsIsServedInOrder) {
  SlotQueue queue(*loop_, clock_, 2, on_slow_);
  const auto first = Ask(queue, "a");
  Ask(queue, "b");
  const auto third = Ask(queue, "c");
  Ask(queue, "d");
  Ask(queue, "e");
  RunUntil([&] { return Has(2); });
  queue.Leave(third);
  queue.Leave(first);
  queue.Leave(first);
  RunUntil([&] { return Has(3); });
  EXPECT_THAT(words_, ElementsAre("a", "b", "d"));
}

TEST_F(SlotQueueTest, WhoWaitsTooLongHasNoPlaceAnyMore) {
  SlotQueue queue(*loop_, clock_, 1, on_slow_, std::chrono::milliseconds(20));
  const auto first = Ask(queue, "a");
  Ask(queue, "b");
  RunUntil([&] { return Has(2); });
  Ask(queue, "c");
  queue.Leave(first);
  RunUntil([&] { return Has(3); });
  EXPECT_THAT(words_, ElementsAre("a", "b late", "c"));
}

TEST_F(SlotQueueTest, RunsThatEndQuicklyAreHeldAheadUntilNoneEndsForAWhile) {
  SlotQueue queue(*loop_, clock_, 1, on_slow_);
  for (std::size_t run = 1; run <= kMostAhead + 3; ++run) {
    const auto place = Ask(queue, "a");
    RunUntil([&] { return Has(run); });
    queue.LeaveAtEnd(place);
    EXPECT_LE(queue.ahead(), std::min(run - 1, kMostAhead));
  }
  EXPECT_GT(queue.ahead(), 0U);
  Ask(queue, "long");
  RunUntil([&] { return slow_ > 0 && Has(kMostAhead + 4); });
  EXPECT_EQ(queue.ahead(), 1U) << "one a slot: the next may be short again";
  RunUntil([&] { return queue.ahead() == 0; });
  EXPECT_GT(slow_, 1);
}

TEST_F(SlotQueueTest, OfRunsOfASecondOneASlotIsHeldAhead) {
  SlotQueue queue(*loop_, clock_, 2, on_slow_);
  std::size_t done = 0;
  const auto run_both = [&] {
    const auto first = Ask(queue, "a");
    const auto second = Ask(queue, "b");
    done += 2;
    RunUntil([&] { return Has(done); });
    bool is_over = false;
    loop_->RunAt(clock_.SteadyNow() + 2 * kAheadTime, [&] { is_over = true; });
    RunUntil([&] { return is_over; });
    queue.LeaveAtEnd(first);
    queue.LeaveAtEnd(second);
  };
  run_both();
  EXPECT_EQ(queue.ahead(), 0U);
  run_both();
  EXPECT_EQ(queue.ahead(), 2U);
  run_both();
  EXPECT_EQ(queue.ahead(), 2U);
}

TEST_F(SlotQueueTest, ASlotsLastEndSaysNothingOfHowLongItsRunWas) {
  SlotQueue queue(*loop_, clock_, 2, on_slow_);
  const auto first = Ask(queue, "a");
  const auto second = Ask(queue, "b");
  RunUntil([&] { return Has(2); });
  queue.LeaveAtEnd(first);
  queue.LeaveAtEnd(second);
  EXPECT_EQ(queue.ahead(), 0U);
}

TEST_F(SlotQueueTest, OnlyRunsThatEndCountForThat) {
  SlotQueue queue(*loop_, clock_, 1, on_slow_);
  const auto stopped = Ask(queue, "a");
  const auto waiting = Ask(queue, "b");
  RunUntil([&] { return Has(1); });
  queue.LeaveAtEnd(waiting);
  queue.Leave(stopped);
  EXPECT_EQ(queue.ahead(), 0U);
}

}  // namespace
}  // namespace tutti
