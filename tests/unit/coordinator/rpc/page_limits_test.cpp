// What can be long is told page by page, however much is asked for at a time, and nothing of it is
// left out.
#include <cstdint>
#include <string>

#include <gtest/gtest.h>

#include "coordinator/rpc/limits.h"
#include "coordinator/rpc/views.h"
#include "coordinator/store/memory_store.h"
#include "tests/support/result_matchers.h"

namespace tutti {
namespace {

TEST(PageLimits, APageOfEventsIsBounded) {
  MemoryStore store;
  Changes changes;
  for (std::int64_t i = 0; i <= kEventsPerPage; ++i) {
    EventRecord event;
    event.at = UnixMillis{i + 1};
    event.kind = "something";
    changes.push_back(AppendEvent{event});
  }
  ASSERT_TRUE(IsOk(store.Commit(changes)));
  const auto reader = store.OpenReader();
  const auto page = [&](std::int64_t after, std::int64_t limit) {
    v1::ListEventsRequest request;
    request.set_after(after);
    request.set_limit(static_cast<std::int32_t>(limit));
    v1::ListEventsResponse response;
    EXPECT_TRUE(IsOk(ViewEvents(request, **reader, response)));
    return response;
  };
  for (const std::int64_t asked : {std::int64_t{0}, kEventsPerPage, 2 * kEventsPerPage}) {
    EXPECT_EQ(page(0, asked).events_size(), kEventsPerPage) << asked;
  }
  EXPECT_EQ(page(0, 3).events_size(), 3);
  EXPECT_EQ(page(page(0, 0).last_number(), 0).events_size(), 1) << "the rest";
}

TEST(PageLimits, APageOfALogIsBounded) {
  constexpr JobId kJob{1};
  MemoryStore store;
  SweepRecord sweep;
  sweep.id = SweepId{1};
  sweep.name = "s";
  JobRecord job;
  job.id = kJob;
  job.kind = JobKind::kCommand;
  job.sweep = sweep.id;
  job.key = "k";
  job.last_attempt = 1;
  AttemptRecord attempt;
  attempt.job = kJob;
  attempt.attempt = 1;
  Changes changes{PutSweep{sweep}, PutJob{job}, PutAttempt{attempt}};
  for (std::int64_t row = 0; row <= kLogRowsPerPage; ++row) {
    changes.push_back(PutLog{{kJob, 1, 2 * row + 1, {"a", "b"}}});
  }
  ASSERT_TRUE(IsOk(store.Commit(changes)));
  const auto reader = store.OpenReader();
  const auto page = [&](std::int64_t after) {
    v1::GetLogRequest request;
    request.set_job_id(kJob.value);
    request.set_after(after);
    v1::GetLogResponse response;
    EXPECT_TRUE(IsOk(ViewLog(request, **reader, response)));
    return response;
  };
  EXPECT_EQ(page(0).lines_size(), 2 * kLogRowsPerPage);
  EXPECT_EQ(page(0).last(), 2 * kLogRowsPerPage);
  EXPECT_EQ(page(page(0).last()).lines_size(), 2) << "the rest";
}

}  // namespace
}  // namespace tutti
