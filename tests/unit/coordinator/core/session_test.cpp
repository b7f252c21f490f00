// Sessions, leases and what becomes of attempts that a worker holds, lost or came back with.
#include "coordinator/core/session.h"

#include <chrono>

#include <gtest/gtest.h>

#include "tests/support/core_harness.h"
#include "tests/support/result_matchers.h"

namespace tutti {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr AttemptKey kFirst{{1}, 1};
constexpr AttemptKey kSecond{{1}, 2};

// Job 1 preprocesses everything; job 2 is the one run. Leases last 30 s.
class SessionTest : public testing::Test {
 protected:
  SessionTest() {
    EXPECT_TRUE(IsOk(
        harness_.Submit(MakeSweepSpec("base", {"cnn"}, {1}), MakeManifest(40, {"blues", "rock"}))));
  }

  // Worker a is granted job 1.
  void Grant(ScriptedWorker& worker) {
    worker.Connect();
    const auto grants = harness_.Schedule();
    ASSERT_EQ(grants.size(), 1U);
    worker.Take(grants);
  }

  // Job 1 loses its worker until it fails.
  void LoseFiveWorkers() {
    for (int i = 1; i <= 5; ++i) {
      ASSERT_EQ(harness_.Job({1}).phase, JobPhase::kReady);
      Grant(a_);
      a_.Start({{1}, i});
      a_.Forget({{1}, i});
      harness_.clock.Advance(seconds(31));
      harness_.Expire();
    }
  }

  void ExpectDrop(const FrameOutcome& outcome, const ScriptedWorker& worker,
                  const AttemptKey& attempt, DropReason reason) {
    ASSERT_EQ(outcome.drops.size(), 1U);
    EXPECT_EQ(outcome.drops[0].worker, worker.id());
    EXPECT_EQ(outcome.drops[0].attempt, attempt);
    EXPECT_EQ(outcome.drops[0].reason, reason);
  }

  CoreHarness harness_{{.tracks_per_shard = 64}};
  ScriptedWorker a_{harness_, "a", 1};
  ScriptedWorker b_{harness_, "b", 1};
};

TEST_F(SessionTest, AnOlderSessionIsRefused) {
  a_.session = 4;
  a_.Connect();
  WorkerFrame old = a_.NextFrame();
  old.session = 4;
  EXPECT_TRUE(FailsWith(harness_.Frame(old), ErrorCode::kAborted, "session 5 is open"));
}

TEST_F(SessionTest, ANewSessionNeedsAHello) {
  EXPECT_TRUE(FailsWith(harness_.Frame(a_.NextFrame()), ErrorCode::kAborted, "no hello"));
  a_.Connect();
  WorkerFrame next = a_.NextFrame();
  next.session = 2;
  EXPECT_TRUE(FailsWith(harness_.Frame(next), ErrorCode::kAborted, "no hello"));
}

TEST_F(SessionTest, AClosedSessionIsNotTakenUpAgain) {
  a_.Connect();
  harness_.Disconnect(a_.id(), 1);
  EXPECT_TRUE(FailsWith(harness_.Frame(a_.NextFrame()), ErrorCode::kAborted, "was closed"));
}

TEST_F(SessionTest, TheEndOfAnOlderSessionDoesNotCloseTheNewer) {
  a_.Connect();
  a_.Connect();
  harness_.Disconnect(a_.id(), 1);
  EXPECT_TRUE(harness_.core().Workers().at(0).connected);
  harness_.Disconnect(a_.id(), 2);
  EXPECT_FALSE(harness_.core().Workers().at(0).connected);
  harness_.Disconnect(WorkerId{"nobody"}, 1);
}

TEST_F(SessionTest, AWorkersRowIsWrittenAtHelloAndThenOnceAMinute) {
  a_.Connect();
  EXPECT_EQ(harness_.stored.workers.at(a_.id()).name, "name of a");
  const UnixMillis seen = harness_.stored.workers.at(a_.id()).last_seen;
  harness_.clock.Advance(seconds(59));
  a_.Heartbeat();
  EXPECT_EQ(harness_.stored.workers.at(a_.id()).last_seen, seen);
  harness_.clock.Advance(seconds(1));
  a_.Heartbeat();
  EXPECT_EQ(ToInt(harness_.stored.workers.at(a_.id()).last_seen), ToInt(seen) + 60'000);
  EXPECT_EQ(harness_.stored.workers.at(a_.id()).first_seen, seen);
}

TEST_F(SessionTest, HeldAttemptsAreRenewedByEachFrame) {
  Grant(a_);
  for (int i = 0; i < 5; ++i) {
    harness_.clock.Advance(seconds(20));
    a_.Heartbeat();
    EXPECT_EQ(harness_.core().NextDeadline(), harness_.clock.SteadyNow() + seconds(30));
    harness_.Expire();
  }
  EXPECT_EQ(harness_.Job({1}).phase, JobPhase::kLeased);
}

TEST_F(SessionTest, AnUnrenewedLeaseExpiresToTheMillisecond) {
  Grant(a_);
  harness_.clock.Advance(milliseconds(29'999));
  harness_.Expire();
  EXPECT_EQ(harness_.Job({1}).phase, JobPhase::kLeased);
  EXPECT_TRUE(harness_.last_changes().empty());
  harness_.clock.Advance(milliseconds(1));
  harness_.Expire();
  EXPECT_EQ(harness_.Job({1}).phase, JobPhase::kReady);
  EXPECT_EQ(harness_.Attempt(kFirst).outcome, AttemptOutcome::kLost);
  EXPECT_EQ(harness_.Attempt(kFirst).failure, FailureClass::kWorkerLost);
  EXPECT_EQ(harness_.core().NextDeadline(), std::nullopt);
}

TEST_F(SessionTest, SilenceOfTheCoordinatorsOwnMakingGivesEveryLeaseItsFullTimeAgain) {
  Grant(a_);
  harness_.clock.Advance(seconds(100));
  harness_.ForgiveSilence();
  harness_.Expire();
  EXPECT_EQ(harness_.Job({1}).phase, JobPhase::kLeased);
  harness_.clock.Advance(milliseconds(29'999));
  harness_.Expire();
  EXPECT_EQ(harness_.Job({1}).phase, JobPhase::kLeased);
  harness_.clock.Advance(milliseconds(1));
  harness_.Expire();
  EXPECT_EQ(harness_.Job({1}).phase, JobPhase::kReady);
}

TEST_F(SessionTest, ADisconnectAloneTakesNoLease) {
  Grant(a_);
  harness_.Disconnect(a_.id(), 1);
  harness_.Expire();
  EXPECT_EQ(harness_.Job({1}).phase, JobPhase::kLeased);
  EXPECT_TRUE(harness_.Schedule().empty());
}

TEST_F(SessionTest, WhatANewSessionDoesNotHoldIsReadyAtOnce) {
  Grant(a_);
  a_.Start(kFirst);
  a_.Forget(kFirst);
  a_.Connect();
  EXPECT_EQ(harness_.Job({1}).phase, JobPhase::kReady);
  EXPECT_EQ(harness_.Job({1}).tally.worker_lost, 1);
  EXPECT_EQ(harness_.Attempt(kFirst).outcome, AttemptOutcome::kLost);
}

TEST_F(SessionTest, AGrantThatNeverArrivedIsNotCounted) {
  Grant(a_);
  a_.Forget(kFirst);
  a_.Connect();
  EXPECT_EQ(harness_.Job({1}).phase, JobPhase::kReady);
  EXPECT_EQ(harness_.Job({1}).tally, FailureTally{});
}

TEST_F(SessionTest, ALaterFrameWithoutAnAttemptDoesNotTakeItsLease) {
  Grant(a_);
  a_.Forget(kFirst);  // the grant crossed this heartbeat on the wire
  a_.Heartbeat();
  EXPECT_EQ(harness_.Job({1}).phase, JobPhase::kLeased);
}

TEST_F(SessionTest, AReconnectedWorkerKeepsWhatItHolds) {
  Grant(a_);
  a_.Start(kFirst);
  harness_.Disconnect(a_.id(), 1);
  harness_.clock.Advance(seconds(10));
  const FrameOutcome outcome = a_.Connect();
  EXPECT_TRUE(outcome.drops.empty());
  EXPECT_EQ(harness_.Job({1}).phase, JobPhase::kRunning);
}

TEST_F(SessionTest, ALostAttemptGoesOnWhereNobodyElseWasGrantedTheJob) {
  Grant(a_);
  a_.Start(kFirst);
  harness_.Disconnect(a_.id(), 1);
  harness_.clock.Advance(seconds(31));
  harness_.Expire();
  ASSERT_EQ(harness_.Job({1}).phase, JobPhase::kReady);
  const UnixMillis ready_at = harness_.Job({1}).ready_at;

  const FrameOutcome outcome = a_.Connect();
  EXPECT_TRUE(outcome.drops.empty());
  EXPECT_EQ(harness_.Job({1}).phase, JobPhase::kRunning);
  EXPECT_EQ(harness_.Job({1}).last_attempt, 1);
  EXPECT_EQ(harness_.Job({1}).ready_at, ready_at);
  EXPECT_EQ(harness_.Attempt(kFirst).outcome, AttemptOutcome::kRunning);
  EXPECT_EQ(harness_.Attempt(kFirst).failure, std::nullopt);
  a_.Finish(kFirst);
  EXPECT_EQ(harness_.Job({1}).phase, JobPhase::kSucceeded);
}

TEST_F(SessionTest, ALostAttemptIsDroppedOnceAnotherHasTheJob) {
  Grant(a_);
  a_.Start(kFirst);
  harness_.clock.Advance(seconds(31));
  harness_.Expire();
  harness_.Disconnect(a_.id(), 1);
  Grant(b_);
  EXPECT_EQ(harness_.Job({1}).last_attempt, 2);
  ExpectDrop(a_.Connect(), a_, kFirst, DropReason::kSuperseded);
  EXPECT_EQ(harness_.Job({1}).worker, b_.id());
}

TEST_F(SessionTest, AnAttemptOfAnotherWorkerCannotBeHeld) {
  Grant(a_);
  b_.Connect();
  WorkerFrame thief = b_.NextFrame();
  thief.held = {kFirst};
  harness_.clock.Advance(seconds(20));
  const auto outcome = harness_.Frame(thief);
  ASSERT_TRUE(IsOk(outcome));
  ExpectDrop(*outcome, b_, kFirst, DropReason::kSuperseded);
  EXPECT_EQ(harness_.core().NextDeadline(), harness_.clock.SteadyNow() + seconds(10));
}

TEST_F(SessionTest, AnAttemptThatNobodyKnowsIsDropped) {
  a_.Connect();
  WorkerFrame frame = a_.NextFrame();
  frame.held = {{{77}, 3}};
  const auto outcome = harness_.Frame(frame);
  ASSERT_TRUE(IsOk(outcome));
  ExpectDrop(*outcome, a_, {{77}, 3}, DropReason::kSuperseded);
}

TEST_F(SessionTest, FiveLostWorkersFailAJobAndItsDependents) {
  LoseFiveWorkers();
  EXPECT_EQ(harness_.Job({1}).phase, JobPhase::kFailed);
  EXPECT_EQ(harness_.Job({1}).failure, FailureClass::kWorkerLost);
  EXPECT_NE(harness_.Job({1}).message.find("did not renew"), std::string::npos);
  EXPECT_EQ(harness_.Job({2}).phase, JobPhase::kFailed);
  EXPECT_EQ(harness_.Job({2}).failure, FailureClass::kDependencyFailed);
  EXPECT_NE(harness_.Job({2}).message.find("preprocess job 1"), std::string::npos);
}

TEST_F(SessionTest, ALateResultOfAFailedShardBringsItsRunsBack) {
  LoseFiveWorkers();
  ASSERT_EQ(harness_.Job({2}).failure, FailureClass::kDependencyFailed);
  a_.Send(a_.MakeEvent({{1}, 5}, ShardResult()));
  EXPECT_EQ(harness_.Job({1}).phase, JobPhase::kSucceeded);
  EXPECT_EQ(harness_.Job({2}).phase, JobPhase::kReady);
  EXPECT_EQ(harness_.Job({2}).failure, std::nullopt);
}

TEST_F(SessionTest, AnAttemptWithAGapIsNotRenewedAndEndsByItself) {
  Grant(a_);
  WorkerFrame frame = a_.NextFrame();
  frame.events = {{kFirst, 2, UnixMillis{}, AttemptProgress{}}};  // its first event is gone
  harness_.clock.Advance(seconds(20));
  EXPECT_TRUE(FailsWith(harness_.Frame(frame), ErrorCode::kInvalidArgument, "expected 1"));
  EXPECT_EQ(harness_.core().NextDeadline(), harness_.clock.SteadyNow() + seconds(10));
  harness_.clock.Advance(seconds(10));
  harness_.Expire();
  const auto outcome = harness_.Frame(frame);
  ASSERT_TRUE(IsOk(outcome));
  EXPECT_EQ(outcome->acked.size(), 1U);
  ExpectDrop(*outcome, a_, kFirst, DropReason::kSuperseded);
  EXPECT_EQ(harness_.Job({1}).phase, JobPhase::kReady);
}

TEST_F(SessionTest, AGrantThatCannotBeSentEndsAsSaid) {
  Grant(a_);
  harness_.FailGrant(kFirst, FailureClass::kBadData, "blob 12ab is missing");
  EXPECT_EQ(harness_.Job({1}).phase, JobPhase::kFailed);
  EXPECT_EQ(harness_.Job({1}).message, "blob 12ab is missing");
  EXPECT_EQ(harness_.Attempt(kFirst).outcome, AttemptOutcome::kFailed);
  harness_.FailGrant(kSecond, FailureClass::kBadData, "no such attempt");
  harness_.FailGrant({{99}, 1}, FailureClass::kBadData, "no such job");
  EXPECT_TRUE(harness_.last_changes().empty());
}

}  // namespace
}  // namespace tutti
