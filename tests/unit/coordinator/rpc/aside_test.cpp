#include "coordinator/rpc/aside.h"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>

#include <gtest/gtest.h>

#include "coordinator/rpc/chunk_pace.h"
#include "coordinator/rpc/limits.h"
#include "tests/support/result_matchers.h"

namespace tutti {
namespace {

using namespace std::chrono_literals;

// Work that waits until it is told to go on.
class Gate {
 public:
  void Pass() {
    std::unique_lock lock(mutex_);
    ++here_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_; });
  }
  void WaitFor(std::size_t many) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return here_ >= many; });
  }
  void WaitForSomebody() { WaitFor(1); }
  void Open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t here_ = 0;
  bool open_ = false;
};

TEST(AsideTest, ItsEndWaitsForWhatWasPosted) {
  std::atomic<int> done = 0;
  {
    Aside aside(2, 100);
    for (int i = 0; i < 50; ++i) EXPECT_TRUE(IsOk(aside.Post([&] { ++done; })));
  }
  EXPECT_EQ(done, 50);
}

TEST(AsideTest, OneThatTakesLongHoldsUpOnlyItsThread) {
  Gate gate;
  Gate other;
  Aside aside(2, 100);
  ASSERT_TRUE(IsOk(aside.Post([&] { gate.Pass(); })));
  gate.WaitForSomebody();
  ASSERT_TRUE(IsOk(aside.Post([&] { other.Pass(); })));
  other.WaitForSomebody();
  other.Open();
  gate.Open();
}

TEST(AsideTest, WhoComesWhenTheLineIsFullIsToldSo) {
  Gate gate;
  std::atomic<std::size_t> done = 0;
  {
    Aside aside(kThreadsForSubmits, kMaxSubmitsWaiting);
    for (std::size_t i = 0; i < kThreadsForSubmits; ++i) {
      ASSERT_TRUE(IsOk(aside.Post([&] { gate.Pass(); })));
    }
    gate.WaitFor(kThreadsForSubmits);
    for (std::size_t i = 0; i < kMaxSubmitsWaiting; ++i) {
      EXPECT_TRUE(IsOk(aside.Post([&] { ++done; })));
    }
    EXPECT_TRUE(FailsWith(aside.Post([&] { ++done; }), ErrorCode::kResourceExhausted,
                          "64 calls of this kind wait already"));
    gate.Open();
  }
  EXPECT_EQ(done, kMaxSubmitsWaiting);
}

TEST(ChunkPaceTest, AChunkThatTookTooLongIsFollowedByASmallerOne) {
  ChunkPace pace;
  SteadyTime now{1h};
  EXPECT_EQ(pace.Next(now), kFirstChunk);
  EXPECT_EQ(pace.Next(now += 200ms), kFirstChunk / 4) << "50 ms are aimed at";
  for (int i = 0; i < 20; ++i) pace.Next(now += 10s);
  EXPECT_EQ(pace.Next(now += 10s), kLeastChunk) << "it goes on all the same";
}

TEST(ChunkPaceTest, OneThatTookNoTimeIsFollowedByALargerOneUpToTheLimit) {
  ChunkPace pace;
  SteadyTime now{1h};
  EXPECT_EQ(pace.Next(now), kFirstChunk);
  EXPECT_EQ(pace.Next(now += 1ms), 2 * kFirstChunk);
  EXPECT_EQ(pace.Next(now += 1ms), kMaxJobsAtOnce);
  EXPECT_EQ(pace.Next(now), kMaxJobsAtOnce);
}

}  // namespace
}  // namespace tutti
