// Sequences, ownership, results: what of a worker's events is applied, once, and what is not.
#include "coordinator/core/attempt_events.h"

#include <chrono>

#include <gtest/gtest.h>

#include "coordinator/core/log_limit.h"
#include "tests/support/core_harness.h"
#include "tests/support/result_matchers.h"

namespace tutti {
namespace {

using std::chrono::seconds;

constexpr JobId kShard{1};
constexpr JobId kRun{2};
constexpr AttemptKey kFirst{kRun, 1};
constexpr AttemptKey kSecond{kRun, 2};

// The features are there; job 2, the one run, is granted to worker a as attempt 1.
class EventsTest : public testing::Test {
 protected:
  EventsTest() {
    EXPECT_TRUE(IsOk(
        harness_.Submit(MakeSweepSpec("base", {"cnn"}, {1}), MakeManifest(40, {"blues", "rock"}))));
    a_.Connect();
    a_.Take(harness_.Schedule());
    a_.Start({kShard, 1});
    a_.Finish({kShard, 1});
    a_.Heartbeat();
    harness_.clock.Advance(seconds(4));
    a_.Take(harness_.Schedule());
    EXPECT_EQ(harness_.Job(kRun).phase, JobPhase::kLeased);
  }

  // Attempt 1 is lost; worker b gets attempt 2 and starts it.
  void MoveToB() {
    harness_.clock.Advance(seconds(31));
    harness_.Expire();
    harness_.Disconnect(a_.id(), a_.session);
    b_.Connect();
    b_.Take(harness_.Schedule());
    b_.Start(kSecond);
    ASSERT_EQ(harness_.Job(kRun).worker, b_.id());
  }

  AttemptEvent Epoch(const AttemptKey& attempt, int epoch) {
    AttemptEpoch point;
    point.point.epoch = epoch;
    point.point.val_loss = 1.0 / epoch;
    return a_.MakeEvent(attempt, point);
  }

  CoreHarness harness_{{.tracks_per_shard = 64}};
  ScriptedWorker a_{harness_, "a", 1};
  ScriptedWorker b_{harness_, "b", 1};
};

TEST_F(EventsTest, StartedMakesTheJobRunning) {
  const FrameOutcome outcome = a_.Start(kFirst);
  ASSERT_EQ(outcome.acked.size(), 1U);
  EXPECT_EQ(outcome.acked[0].attempt, kFirst);
  EXPECT_EQ(outcome.acked[0].sequence, 1);
  EXPECT_EQ(harness_.Job(kRun).phase, JobPhase::kRunning);
  EXPECT_EQ(harness_.Attempt(kFirst).outcome, AttemptOutcome::kRunning);
  EXPECT_EQ(harness_.Attempt(kFirst).started_at, harness_.clock.WallNow());
  EXPECT_EQ(harness_.Attempt(kFirst).last_sequence, 1);
}

TEST_F(EventsTest, AnEpochIsStoredUnderItsAttempt) {
  a_.Start(kFirst);
  a_.Send(Epoch(kFirst, 1));
  ASSERT_EQ(harness_.stored.epochs.size(), 1U);
  EXPECT_EQ(harness_.stored.epochs[0].job, kRun);
  EXPECT_EQ(harness_.stored.epochs[0].attempt, 1);
  EXPECT_EQ(harness_.Attempt(kFirst).last_sequence, 2);
}

TEST_F(EventsTest, TheSequenceIsStoredOfProgressToo) {
  a_.Start(kFirst);
  a_.Send(a_.MakeEvent(kFirst, AttemptProgress{1, 3, "tracks"}));
  EXPECT_EQ(harness_.Attempt(kFirst).last_sequence, 2);
}

TEST_F(EventsTest, ARepeatIsAcknowledgedAndNotAppliedAgain) {
  a_.Start(kFirst);
  const AttemptEvent epoch = Epoch(kFirst, 1);
  a_.Send(epoch);
  const FrameOutcome again = a_.Send(epoch);
  ASSERT_EQ(again.acked.size(), 1U);
  EXPECT_EQ(again.acked[0].sequence, 2);
  EXPECT_EQ(harness_.stored.epochs.size(), 1U);
  EXPECT_TRUE(harness_.last_changes().empty());
}

TEST_F(EventsTest, AGapIsRefusedAndWhatStoodBeforeItIsStored) {
  WorkerFrame frame = a_.NextFrame();
  frame.events = {a_.MakeEvent(kFirst, AttemptStarted{}), Epoch(kFirst, 1)};
  (void)Epoch(kFirst, 2);  // lost
  frame.events.push_back(Epoch(kFirst, 3));
  EXPECT_TRUE(FailsWith(harness_.Frame(frame), ErrorCode::kInvalidArgument,
                        "job 2 attempt 1: event 4 follows event 2; expected 3"));
  EXPECT_EQ(harness_.Attempt(kFirst).last_sequence, 2);
  EXPECT_EQ(harness_.stored.epochs.size(), 1U);
}

TEST_F(EventsTest, AResultIsStoredWithTheTimeTheJobWaited) {
  a_.Start(kFirst);
  a_.Finish(kFirst);
  EXPECT_EQ(harness_.Job(kRun).phase, JobPhase::kSucceeded);
  const ResultRecord& result = harness_.stored.results.at(kRun);
  EXPECT_EQ(result.attempt, 1);
  EXPECT_EQ(result.metrics.at("f1_macro"), 0.5);
  EXPECT_EQ(result.timings_seconds.at("train_seconds"), 2.0);
  EXPECT_EQ(result.timings_seconds.at("queued"), 4.0);
  EXPECT_EQ(result.predictions.size(), 1U);
  EXPECT_EQ(harness_.Attempt(kFirst).outcome, AttemptOutcome::kSucceeded);
}

TEST_F(EventsTest, AResultIsAcceptedOnceHoweverOftenItIsSaid) {
  a_.Start(kFirst);
  const AttemptEvent finished = a_.MakeEvent(kFirst, TrainResult(0.5));
  a_.Send(finished);
  const FrameOutcome again = a_.Send(finished);
  EXPECT_EQ(again.acked.at(0).sequence, 2);
  EXPECT_TRUE(again.drops.empty());
  EXPECT_EQ(harness_.stored.times_accepted.at(kRun), 1);
}

TEST_F(EventsTest, AnotherWorkersWordOnAnAttemptIsAcknowledgedAndNotTaken) {
  a_.Start(kFirst);
  b_.Connect();
  const FrameOutcome outcome = b_.Send({kFirst, 2, UnixMillis{}, TrainResult(0.9)});
  EXPECT_EQ(outcome.acked.at(0).sequence, 2);
  EXPECT_EQ(harness_.Job(kRun).phase, JobPhase::kRunning);
  EXPECT_FALSE(harness_.stored.results.contains(kRun));
}

TEST_F(EventsTest, EventsOfAnUnknownAttemptAreAcknowledged) {
  const FrameOutcome outcome = a_.Send({{{99}, 4}, 17, UnixMillis{}, AttemptStarted{}});
  ASSERT_EQ(outcome.acked.size(), 1U);
  EXPECT_EQ(outcome.acked[0].sequence, 17);
}

TEST_F(EventsTest, ACrashIsRetriedWithTheNextNumberAndKeepsItsLastWords) {
  a_.Start(kFirst);
  a_.Break(kFirst, FailureClass::kCrashed, "exit code 1");
  EXPECT_EQ(harness_.Job(kRun).phase, JobPhase::kReady);
  EXPECT_EQ(harness_.Job(kRun).tally.counted, 1);
  const AttemptRecord& attempt = harness_.Attempt(kFirst);
  EXPECT_EQ(attempt.outcome, AttemptOutcome::kFailed);
  EXPECT_EQ(attempt.failure, FailureClass::kCrashed);
  EXPECT_EQ(attempt.exit_code, 1);
  EXPECT_EQ(attempt.log_tail, std::vector<std::string>{"last words"});
  a_.Heartbeat();
  const auto grants = harness_.Schedule();
  ASSERT_EQ(grants.size(), 1U);
  EXPECT_EQ(grants[0].attempt, kSecond);
}

TEST_F(EventsTest, TheThirdCrashFailsTheJobWithItsMessage) {
  for (int i = 1; i <= 3; ++i) {
    a_.Start({kRun, i});
    a_.Break({kRun, i}, FailureClass::kCrashed, "crash " + std::to_string(i));
    a_.Heartbeat();
    a_.Take(harness_.Schedule());
  }
  EXPECT_EQ(harness_.Job(kRun).phase, JobPhase::kFailed);
  EXPECT_EQ(harness_.Job(kRun).message, "crash 3");
  EXPECT_EQ(harness_.Job(kRun).failure, FailureClass::kCrashed);
}

TEST_F(EventsTest, AReturnedAttemptIsNotCounted) {
  a_.Start(kFirst);
  a_.Return(kFirst);
  EXPECT_EQ(harness_.Job(kRun).phase, JobPhase::kReady);
  EXPECT_EQ(harness_.Job(kRun).tally, FailureTally{});
  EXPECT_EQ(harness_.Attempt(kFirst).outcome, AttemptOutcome::kReturned);
  EXPECT_EQ(harness_.Attempt(kFirst).message, "draining");
}

TEST_F(EventsTest, AWorkerCannotSayThatADependencyFailed) {
  a_.Break(kFirst, FailureClass::kDependencyFailed);
  EXPECT_EQ(harness_.Job(kRun).phase, JobPhase::kReady);
  EXPECT_EQ(harness_.Attempt(kFirst).failure, FailureClass::kCrashed);
}

TEST_F(EventsTest, AnOldAttemptsProgressAndFailureAreFenced) {
  a_.Start(kFirst);
  MoveToB();
  a_.Connect();
  a_.Send(a_.MakeEvent(kFirst, AttemptResume{"hash", 1, 7}));
  EXPECT_TRUE(std::ranges::none_of(harness_.last_changes(), [](const Change& change) {
    return std::holds_alternative<PutResume>(change);
  }));
  a_.Break(kFirst, FailureClass::kBadConfig);
  EXPECT_EQ(harness_.Job(kRun).phase, JobPhase::kRunning);
  EXPECT_EQ(harness_.Attempt(kFirst).outcome, AttemptOutcome::kLost);
}

TEST_F(EventsTest, ALateResultHasItsWholeCurve) {
  a_.Start(kFirst);
  a_.Send(Epoch(kFirst, 1));
  MoveToB();
  a_.Connect();
  a_.Send(Epoch(kFirst, 2));
  a_.Send(a_.MakeEvent(kFirst, TrainResult(0.8)));
  EXPECT_EQ(harness_.stored.results.at(kRun).attempt, 1);
  std::vector<std::int32_t> curve;
  for (const EpochRecord& epoch : harness_.stored.epochs) {
    if (epoch.attempt == 1) curve.push_back(epoch.epoch);
  }
  EXPECT_EQ(curve, (std::vector<std::int32_t>{1, 2}));
}

TEST_F(EventsTest, ALateResultWinsAndTheOtherWorkerIsToldToDrop) {
  a_.Start(kFirst);
  MoveToB();
  a_.session += 1;
  WorkerFrame frame = a_.NextFrame();
  frame.hello = WorkerHello{"a", "host", "1", 1, 1, {JobKind::kTrain}};
  frame.events = {a_.MakeEvent(kFirst, TrainResult(0.8))};
  const auto outcome = harness_.Frame(frame);
  ASSERT_TRUE(IsOk(outcome));
  EXPECT_EQ(harness_.Job(kRun).phase, JobPhase::kSucceeded);
  EXPECT_EQ(harness_.stored.results.at(kRun).attempt, 1);
  EXPECT_EQ(harness_.Attempt(kFirst).outcome, AttemptOutcome::kSucceeded);
  EXPECT_EQ(harness_.Attempt(kSecond).outcome, AttemptOutcome::kSuperseded);
  ASSERT_EQ(outcome->drops.size(), 1U);
  EXPECT_EQ(outcome->drops[0].worker, b_.id());
  EXPECT_EQ(outcome->drops[0].attempt, kSecond);

  b_.Finish(kSecond);
  EXPECT_EQ(harness_.stored.times_accepted.at(kRun), 1);
  EXPECT_EQ(harness_.stored.results.at(kRun).attempt, 1);
}

TEST_F(EventsTest, ALateResultIsTakenAfterARestartToo) {
  a_.Start(kFirst);
  MoveToB();
  harness_.Restart();
  a_.Connect();
  a_.Send(a_.MakeEvent(kFirst, TrainResult(0.8)));
  EXPECT_EQ(harness_.Job(kRun).phase, JobPhase::kSucceeded);
  EXPECT_EQ(harness_.stored.results.at(kRun).attempt, 1);
}

TEST_F(EventsTest, ALogIsKeptUpToItsLimitWhateverAWorkerTells) {
  a_.Start(kFirst);
  const std::string line(16'383, 'x');
  const std::int64_t lines_kept = kMaxStoredLogBytes / 16'384;
  std::int64_t kept = 0;
  for (std::int64_t told = 0; told < lines_kept + 100; told += 50) {
    a_.Send(a_.MakeEvent(kFirst, AttemptLog{told + 1, std::vector<std::string>(50, line)}));
    for (const Change& change : harness_.last_changes()) {
      const auto* put = std::get_if<PutLog>(&change);
      if (put == nullptr) continue;
      EXPECT_EQ(put->row.first, kept + 1) << "without a hole";
      kept += std::ssize(put->row.lines);
    }
  }
  EXPECT_EQ(kept, lines_kept);
  a_.Finish(kFirst);
  EXPECT_EQ(harness_.Job(kRun).phase, JobPhase::kSucceeded) << "nothing else is lost";
}

TEST_F(EventsTest, WhatHappensIsLogged) {
  a_.Start(kFirst);
  a_.Finish(kFirst);
  EXPECT_EQ(harness_.stored.EventKinds(),
            (std::vector<std::string>{"dataset_registered", "sweep_submitted", "worker_connected",
                                      "attempt_granted", "attempt_started", "result_accepted",
                                      "features_ready", "attempt_granted", "attempt_started",
                                      "result_accepted"}));
  EXPECT_EQ(harness_.stored.events.back().job, kRun);
  EXPECT_EQ(harness_.stored.events.back().worker, a_.id());
}

}  // namespace
}  // namespace tutti
