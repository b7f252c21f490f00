// A page of the log of events, from a number or from a time on.
#include <cstdint>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "coordinator/rpc/views.h"
#include "coordinator/store/memory_store.h"
#include "tests/support/result_matchers.h"

namespace tutti {
namespace {

class EventView : public testing::Test {
 protected:
  void Append(std::int64_t at) {
    EventRecord event;
    event.at = UnixMillis{at};
    event.kind = "at " + std::to_string(at);
    ASSERT_TRUE(IsOk(store_.Commit({AppendEvent{event}})));
  }

  v1::ListEventsResponse View(std::int64_t after, std::int64_t since) {
    v1::ListEventsRequest request;
    request.set_after(after);
    request.set_since_unix_ms(since);
    v1::ListEventsResponse response;
    const auto reader = store_.OpenReader();
    EXPECT_TRUE(IsOk(ViewEvents(request, **reader, response)));
    return response;
  }

  static std::vector<std::int64_t> Times(const v1::ListEventsResponse& response) {
    std::vector<std::int64_t> times;
    for (const v1::Event& event : response.events()) times.push_back(event.at_unix_ms());
    return times;
  }

  MemoryStore store_;
};

TEST_F(EventView, BeginsWithWhatHappenedThenWhereverThatIsInTheLog) {
  constexpr std::int64_t kEvents = 37;
  for (std::int64_t i = 1; i <= kEvents; ++i) Append(10 * i);
  for (std::int64_t since = 1; since <= 10 * kEvents + 15; ++since) {
    std::vector<std::int64_t> expected;
    for (std::int64_t i = 1; i <= kEvents; ++i) {
      if (10 * i >= since) expected.push_back(10 * i);
    }
    const auto response = View(0, since);
    ASSERT_EQ(Times(response), expected) << "since " << since;
    ASSERT_EQ(response.last_number(), kEvents) << "since " << since;  // where to go on
  }
}

TEST_F(EventView, OfANumberAndATimeTheLaterCounts) {
  for (std::int64_t i = 1; i <= 9; ++i) Append(10 * i);
  EXPECT_THAT(Times(View(6, 20)), testing::ElementsAre(70, 80, 90));
  EXPECT_THAT(Times(View(1, 75)), testing::ElementsAre(80, 90));
  EXPECT_THAT(Times(View(7, 0)), testing::ElementsAre(80, 90));
}

TEST_F(EventView, OfAnEmptyLogNothingIsTold) {
  const auto response = View(0, 5);
  EXPECT_EQ(response.events_size(), 0);
  EXPECT_EQ(response.last_number(), 0);
}

}  // namespace
}  // namespace tutti
