// Runs that a worker holds beyond its slots.
#include "tests/unit/worker/daemon/agent_fixture.h"

namespace tutti {
namespace {

using testing::ElementsAre;

TEST_F(AgentTest, RunsAheadAreOfferedAndTakenBeyondTheSlots) {
  Connect();
  agent_.OnAhead(1);
  const auto told = agent_.NextFrame(Now());
  ASSERT_TRUE(told) << "free slots are news";
  EXPECT_EQ(told->free_slots(), 3);
  Give(kFirst);
  Give(kSecond);
  Give({14, 1});
  EXPECT_THAT(Actions(), ElementsAre("begin 12-1", "begin 13-1", "begin 14-1"));
  EXPECT_EQ(agent_.free_slots(), 0);
}

TEST_F(AgentTest, NewsAreGatheredWhileRunsWaitForTheirTurn) {
  Connect();
  agent_.OnAhead(1);
  ASSERT_TRUE(agent_.NextFrame(Now()));
  GiveAndRun(kFirst);
  GiveAndRun(kSecond);
  ASSERT_TRUE(agent_.NextFrame(Now())) << "none waits";
  Give({14, 1});
  agent_.OnFinished(kFirst, {}, Now());
  EXPECT_FALSE(agent_.NextFrame(Now()));
  EXPECT_EQ(agent_.NextDeadline(), Now().steady + kGatherTime);
  agent_.OnFinished(kSecond, {}, Now());
  Advance(kGatherTime);
  const auto told = agent_.NextFrame(Now());
  ASSERT_TRUE(told);
  EXPECT_EQ(told->events_size(), 2);
}

TEST_F(AgentTest, WhatWasOfferedAheadIsTakenUntilTheOfferIsWithdrawn) {
  Connect();
  agent_.OnAhead(1);
  ASSERT_TRUE(agent_.NextFrame(Now()));
  Give(kFirst);
  Give(kSecond);
  agent_.OnAhead(0);
  Give({14, 1});
  EXPECT_THAT(Actions(), ElementsAre("begin 12-1", "begin 13-1", "begin 14-1"));
  const auto withdrawn = agent_.NextFrame(Now());
  ASSERT_TRUE(withdrawn) << "else leases would come until the next heartbeat";
  EXPECT_EQ(withdrawn->free_slots(), 0);
  Give({15, 1});
  const auto back = agent_.NextFrame(Now());
  ASSERT_TRUE(back);
  EXPECT_EQ(back->events(0).returned().reason(), "the worker has no free slot");
}

}  // namespace
}  // namespace tutti
