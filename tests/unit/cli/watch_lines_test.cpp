#include "cli/watch_lines.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tutti {
namespace {

using testing::ElementsAre;

TEST(WatchLines, AWorkerHasItsSlotsAndThoseAwayAreCounted) {
  v1::ListWorkersResponse workers;
  v1::WorkerInfo& anna = *workers.add_workers();
  anna.set_name("anna");
  anna.set_state("set aside");
  anna.set_connected(true);
  anna.set_slots(3);
  anna.set_busy_slots(2);
  anna.add_set_aside()->set_reason("three runs crashed there");
  workers.add_workers()->set_name("berta");
  EXPECT_THAT(WorkerLines(workers), ElementsAre("anna [██·] 2/3 slots, set aside",
                                                "  three runs crashed there", "1 away"));
}

TEST(WatchLines, TheTailKeepsTheNewestEvents) {
  EventTail tail(2);
  v1::ListEventsResponse page;
  for (int number = 1; number <= 3; ++number) {
    v1::Event& event = *page.add_events();
    event.set_kind("attempt_granted");
    event.set_job_id(number);
    event.set_worker("anna");
    event.set_at_unix_ms(1'000);
  }
  page.set_last_number(3);
  tail.Add(page);
  EXPECT_EQ(tail.last_number(), 3);
  EXPECT_THAT(tail.lines(), ElementsAre("00:00:01 attempt_granted job 2 anna",
                                        "00:00:01 attempt_granted job 3 anna"));
  tail.Add({});
  EXPECT_EQ(tail.last_number(), 3);
}

}  // namespace
}  // namespace tutti
