#include "coordinator/http/waiting_line.h"

#include <atomic>
#include <chrono>
#include <future>
#include <latch>

#include <gtest/gtest.h>

#include "coordinator/http/limits.h"

namespace tutti {
namespace {

TEST(WaitingLine, WhoComesWhenItIsFullWaitsOutsideUntilSomebodyHasGone) {
  constexpr std::ptrdiff_t kThreads = kHttpThreads;
  WaitingLine line(kHttpThreads, kMaxWaitingConnections);
  std::latch busy(kThreads);
  std::latch go_on(1);
  std::atomic<std::size_t> served = 0;
  for (std::size_t i = 0; i < kHttpThreads; ++i) {
    line.enqueue([&] {
      busy.count_down();
      go_on.wait();
      ++served;
    });
  }
  busy.wait();  // all threads are taken
  for (std::size_t i = 0; i < kMaxWaitingConnections; ++i) line.enqueue([&] { ++served; });
  std::future<void> outside =
      std::async(std::launch::async, [&] { line.enqueue([&] { ++served; }); });
  EXPECT_EQ(outside.wait_for(std::chrono::milliseconds(100)), std::future_status::timeout);
  EXPECT_EQ(served, 0U);
  go_on.count_down();
  outside.get();
  line.shutdown();
  EXPECT_EQ(served, kHttpThreads + kMaxWaitingConnections + 1);
}

}  // namespace
}  // namespace tutti
