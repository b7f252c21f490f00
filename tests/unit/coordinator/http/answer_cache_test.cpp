#include "coordinator/http/answer_cache.h"

#include <atomic>
#include <future>
#include <new>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "coordinator/http/limits.h"
#include "tests/support/fake_clock.h"
#include "tests/support/result_matchers.h"

namespace tutti {
namespace {

class AnswerCacheTest : public testing::Test {
 protected:
  // Takes `cost` of the clock's time.
  AnswerCache::Make Making(const std::string& body, std::chrono::milliseconds cost = {}) {
    return [this, body, cost]() -> Result<std::string> {
      ++made_;
      clock_.Advance(cost);
      return body;
    };
  }

  FakeClock clock_;
  AnswerCache answers_{clock_};
  std::atomic<int> made_ = 0;
};

TEST_F(AnswerCacheTest, IsMadeOnceInAWhileHoweverManyAsk) {
  for (int i = 0; i < 50; ++i) EXPECT_EQ((*answers_.Get("key", Making("body")))->body, "body");
  EXPECT_EQ(made_, 1);
  clock_.Advance(AnswerCache::kFresh);
  EXPECT_TRUE(IsOk(answers_.Get("key", Making("body"))));
  EXPECT_EQ(made_, 2);
}

TEST_F(AnswerCacheTest, ACostlyAnswerCountsForLonger) {
  EXPECT_TRUE(IsOk(answers_.Get("key", Making("body", std::chrono::milliseconds(100)))));
  clock_.Advance(std::chrono::milliseconds(100 * AnswerCache::kCostShare - 1));
  EXPECT_TRUE(IsOk(answers_.Get("key", Making("body"))));
  EXPECT_EQ(made_, 1);
  clock_.Advance(std::chrono::milliseconds(1));
  EXPECT_TRUE(IsOk(answers_.Get("key", Making("body"))));
  EXPECT_EQ(made_, 2);
}

TEST_F(AnswerCacheTest, TheTagIsThatOfTheBody) {
  const std::string first = (*answers_.Get("a", Making("same")))->etag;
  EXPECT_EQ((*answers_.Get("b", Making("same")))->etag, first);
  EXPECT_NE((*answers_.Get("c", Making("other")))->etag, first);
}

TEST_F(AnswerCacheTest, IsMadeAnewAfterAChange) {
  EXPECT_TRUE(IsOk(answers_.Get("key", Making("before"))));
  answers_.Forget();
  EXPECT_EQ((*answers_.Get("key", Making("after")))->body, "after");
}

TEST_F(AnswerCacheTest, AnErrorIsNotKept) {
  const auto fail = []() -> Result<std::string> { return NotFound("no such sweep"); };
  EXPECT_EQ(answers_.Get("key", fail).error().code, ErrorCode::kNotFound);
  EXPECT_EQ((*answers_.Get("key", Making("body")))->body, "body");
}

TEST_F(AnswerCacheTest, WhereMakingItThrowsTheOthersWhoAskMakeItAnew) {
  std::promise<void> begun;
  std::promise<void> go_on;
  std::thread first([&] {
    EXPECT_THROW((void)answers_.Get("key",
                                    [&]() -> Result<std::string> {
                                      begun.set_value();
                                      go_on.get_future().wait();
                                      throw std::bad_alloc();
                                    }),
                 std::bad_alloc);
  });
  begun.get_future().wait();
  std::future<std::string> second =
      std::async(std::launch::async, [&] { return (*answers_.Get("key", Making("body")))->body; });
  go_on.set_value();
  first.join();
  ASSERT_EQ(second.wait_for(std::chrono::seconds(20)), std::future_status::ready);
  EXPECT_EQ(second.get(), "body");
}

TEST_F(AnswerCacheTest, KeepsABoundedNumber) {
  EXPECT_TRUE(IsOk(answers_.Get("first", Making("body"))));
  clock_.Advance(std::chrono::milliseconds(1));
  for (std::size_t i = 0; i < kMaxKeptAnswers; ++i) {
    EXPECT_TRUE(IsOk(answers_.Get("key" + std::to_string(i), Making("body"))));
  }
  const int before = made_;
  EXPECT_TRUE(IsOk(answers_.Get("first", Making("body"))));
  EXPECT_EQ(made_, before + 1);
}

TEST_F(AnswerCacheTest, OfThreadsThatAskAtOnceOneMakesIt) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([this] { EXPECT_TRUE(IsOk(answers_.Get("key", Making("body")))); });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(made_, 1);
}

}  // namespace
}  // namespace tutti
