#include "worker/daemon/event_loop.h"

#include <poll.h>
#include <thread>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/result_matchers.h"
#include "worker/daemon/io_pool.h"

namespace tutti {
namespace {

using std::chrono::milliseconds;

class EventLoopTest : public testing::Test {
 protected:
  EventLoopTest() : loop_(*EventLoop::Create(clock_)) {}

  EventLoop::TimerId After(milliseconds delay, EventLoop::Task task) {
    return loop_->RunAt(clock_.SteadyNow() + delay, std::move(task));
  }

  SystemClock clock_;
  std::unique_ptr<EventLoop> loop_;
};

TEST_F(EventLoopTest, RunsWhatOtherThreadsPostInTheirOrder) {
  std::vector<int> ran;
  std::thread other([&] {
    for (int i = 0; i < 3; ++i) loop_->Post([&ran, i] { ran.push_back(i); });
    loop_->Stop();
  });
  loop_->Run();
  other.join();
  EXPECT_THAT(ran, testing::ElementsAre(0, 1, 2));
}

TEST_F(EventLoopTest, RunsWhatItsOwnCallbacksPostWithoutBeingWoken) {
  std::vector<int> ran;
  const EventLoop::Task third = [&] {
    ran.push_back(3);
    loop_->Stop();
  };
  After(milliseconds(1), [&] {
    ran.push_back(1);
    loop_->Post([&] {
      ran.push_back(2);
      loop_->Post(third);
    });
  });
  loop_->Run();
  EXPECT_THAT(ran, testing::ElementsAre(1, 2, 3));
}

TEST_F(EventLoopTest, TimersRunInTheOrderOfTheirTimes) {
  std::vector<int> ran;
  After(milliseconds(20), [&] {
    ran.push_back(2);
    loop_->Stop();
  });
  After(milliseconds(5), [&] { ran.push_back(1); });
  loop_->Cancel(After(milliseconds(1), [&] { ran.push_back(0); }));
  const SteadyTime begin = clock_.SteadyNow();
  loop_->Run();
  EXPECT_THAT(ran, testing::ElementsAre(1, 2));
  EXPECT_GE(clock_.SteadyNow() - begin, milliseconds(20));
}

TEST_F(EventLoopTest, WatchesADescriptorUntilItIsUnwatched) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const UniqueFd read(ends[0]);
  const UniqueFd write(ends[1]);
  ASSERT_EQ(::write(write.get(), "ab", 2), 2);
  std::string got;
  loop_->Watch(read.get(), POLLIN, [&](short) {
    char c = 0;
    EXPECT_EQ(::read(read.get(), &c, 1), 1);
    got += c;
    if (got != "a") return;
    loop_->Unwatch(read.get());
    After(milliseconds(1), [&] { loop_->Stop(); });
  });
  loop_->Run();
  EXPECT_EQ(got, "a");
}

TEST_F(EventLoopTest, CallbackMayEndTheWatchOfAnotherThatIsReady) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const UniqueFd read(ends[0]);
  const UniqueFd write(ends[1]);
  const UniqueFd other(::dup(write.get()));
  int calls = 0;
  const auto on_ready = [&](short) {
    ++calls;
    loop_->Unwatch(write.get());
    loop_->Unwatch(other.get());
    loop_->Stop();
  };
  loop_->Watch(write.get(), POLLOUT, on_ready);
  loop_->Watch(other.get(), POLLOUT, on_ready);
  loop_->Run();
  EXPECT_EQ(calls, 1);
}

TEST_F(EventLoopTest, PoolWorksBesideTheLoopAndHandsBack) {
  IoPool pool(2);
  int done = 0;
  for (int i = 0; i < 10; ++i) {
    pool.Run([&] {
      loop_->Post([&] {
        if (++done == 10) loop_->Stop();
      });
    });
  }
  loop_->Run();
  EXPECT_EQ(done, 10);
}

}  // namespace
}  // namespace tutti
