#include "tests/unit/worker/daemon/agent_fixture.h"

namespace tutti {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

using testing::ElementsAre;
using testing::IsEmpty;

TEST_F(AgentTest, FirstFrameSaysWhoItIsAndWhatItHolds) {
  agent_.OnSessionOpened(7, {"cached"});
  const auto frame = agent_.NextFrame(Now());
  ASSERT_TRUE(frame.has_value());
  EXPECT_EQ(frame->worker_id(), "worker-1");
  EXPECT_EQ(frame->session(), 7);
  EXPECT_EQ(frame->hello().name(), "box");
  EXPECT_EQ(frame->hello().cached_blobs(0), "cached");
  EXPECT_EQ(frame->free_slots(), 2);
  EXPECT_EQ(frame->held_size(), 0);
}

TEST_F(AgentTest, SaysNothingMoreBeforeTheCoordinatorHasAccepted) {
  agent_.OnSessionOpened(1, {});
  ASSERT_TRUE(agent_.NextFrame(Now()).has_value());
  Advance(seconds(60));
  EXPECT_FALSE(agent_.NextFrame(Now()).has_value());
  EXPECT_FALSE(agent_.NextDeadline().has_value());
}

TEST_F(AgentTest, BeatsInTheIntervalThatTheSettingsName) {
  Connect();
  EXPECT_FALSE(agent_.NextFrame(Now()).has_value());
  EXPECT_EQ(agent_.NextDeadline(), Now().steady + seconds(2));
  Advance(seconds(2));
  const auto beat = agent_.NextFrame(Now());
  ASSERT_TRUE(beat.has_value());
  EXPECT_FALSE(beat->has_hello());
  EXPECT_FALSE(agent_.NextFrame(Now()).has_value());
}

TEST_F(AgentTest, LeaseBeginsAnAttemptAndTakesASlot) {
  Connect();
  Give(kFirst);
  EXPECT_THAT(Actions(), ElementsAre("begin 12-1"));
  EXPECT_EQ(agent_.free_slots(), 1);
  Advance(seconds(5));
  const auto beat = agent_.NextFrame(Now());
  EXPECT_EQ(ToAttemptId(beat->held(0)), kFirst);
  EXPECT_EQ(beat->free_slots(), 1);
}

TEST_F(AgentTest, SameLeaseAgainChangesNothing) {
  Connect();
  Give(kFirst);
  Actions();
  Give(kFirst);
  EXPECT_THAT(Actions(), IsEmpty());
}

TEST_F(AgentTest, LeaseWithoutAFreeSlotIsGivenBackUnstarted) {
  Connect();
  Give(kFirst);
  Give(kSecond);
  Actions();
  Give({14, 1});
  EXPECT_THAT(Actions(), ElementsAre("spool! 14-1 returned #1"));
  const auto frame = agent_.NextFrame(Now());
  EXPECT_FALSE(frame->events(0).returned().started());
}

TEST_F(AgentTest, EventsAreNumberedSpooledAndSentInOrder) {
  Connect();
  Give(kFirst);
  Actions();
  agent_.OnRunning(kFirst, "cpu", Now());
  agent_.OnEpoch(kFirst, Epoch(1), Now());
  agent_.OnUploading(kFirst);
  agent_.OnFinished(kFirst, {}, Now());
  EXPECT_THAT(Actions(), ElementsAre("spool 12-1 started #1", "spool 12-1 epoch #2",
                                     "spool! 12-1 finished #3"));
  EXPECT_THAT(SentEvents(), ElementsAre("12-1 started #1", "12-1 epoch #2", "12-1 finished #3"));
  EXPECT_THAT(SentEvents(), IsEmpty());
}

TEST_F(AgentTest, AttemptIsHeldUntilItsLastEventIsAcknowledged) {
  Connect();
  GiveAndRun(kFirst);
  agent_.OnFinished(kFirst, {}, Now());
  Actions();
  Acknowledge(kFirst, 1);
  EXPECT_FALSE(agent_.holds_nothing());
  EXPECT_THAT(Actions(), IsEmpty());
  Acknowledge(kFirst, 2);
  EXPECT_TRUE(agent_.holds_nothing());
  EXPECT_THAT(Actions(), ElementsAre("forget 12-1"));
}

TEST_F(AgentTest, AcknowledgingEverythingSoFarDoesNotEndARunningAttempt) {
  Connect();
  GiveAndRun(kFirst);
  Acknowledge(kFirst, 1);
  EXPECT_FALSE(agent_.holds_nothing());
}

TEST_F(AgentTest, ReconnectSendsAgainWhatIsNotAcknowledged) {
  Connect();
  GiveAndRun(kFirst);
  agent_.OnEpoch(kFirst, Epoch(1), Now());
  agent_.OnEpoch(kFirst, Epoch(2), Now());
  SentEvents();
  Acknowledge(kFirst, 1);
  agent_.OnSessionClosed(Agent::Resend::kUnacknowledged);
  EXPECT_FALSE(agent_.NextFrame(Now()).has_value());
  Connect();
  EXPECT_THAT(Events(first_frame_), ElementsAre("12-1 epoch #2", "12-1 epoch #3"));
  EXPECT_THAT(SentEvents(), IsEmpty());
}

TEST_F(AgentTest, CoordinatorThatFoundAGapIsToldEverythingAgain) {
  Connect();
  GiveAndRun(kFirst);
  agent_.OnEpoch(kFirst, Epoch(1), Now());
  SentEvents();
  Acknowledge(kFirst, 2);
  agent_.OnSessionClosed(Agent::Resend::kEverything);
  Connect();
  EXPECT_THAT(Events(first_frame_), ElementsAre("12-1 started #1", "12-1 epoch #2"));
}

TEST_F(AgentTest, DropStopsAndForgetsAtOnce) {
  Connect();
  GiveAndRun(kFirst);
  DropIt(kFirst);
  EXPECT_THAT(Actions(), ElementsAre("stop 12-1", "forget 12-1"));
  EXPECT_TRUE(agent_.holds_nothing());
  agent_.OnFinished(kFirst, {}, Now());  // it was on its way
  EXPECT_THAT(Actions(), IsEmpty());
  EXPECT_THAT(SentEvents(), IsEmpty());
}

TEST_F(AgentTest, FreedSlotIsToldAtOnce) {
  Connect();
  GiveAndRun(kFirst);
  SentEvents();
  DropIt(kFirst);
  const auto frame = agent_.NextFrame(Now());
  ASSERT_TRUE(frame.has_value());
  EXPECT_EQ(frame->free_slots(), 2);
}

TEST_F(AgentTest, UploadLeavesItsSlotToTheNextJobUntilUploadsPileUp) {
  Connect();
  for (int job = 1; job <= 3; ++job) {
    GiveAndRun({job, 1});
    agent_.OnUploading({job, 1});
  }
  EXPECT_EQ(agent_.free_slots(), 1);
  GiveAndRun({4, 1});
  agent_.OnUploading({4, 1});
  EXPECT_EQ(agent_.free_slots(), 0);
}

TEST_F(AgentTest, LostCoordinatorStopsNoRunner) {
  Connect();
  GiveAndRun(kFirst);
  agent_.OnSessionClosed(Agent::Resend::kUnacknowledged);
  Advance(std::chrono::hours(24));
  agent_.OnTick(Now());
  EXPECT_THAT(Actions(), IsEmpty());
  Connect();
  Advance(seconds(5));
  EXPECT_EQ(ToAttemptId(agent_.NextFrame(Now())->held(0)), kFirst);
}

TEST_F(AgentTest, TimeLimitEndsARunAsTimedOut) {
  Connect();
  GiveAndRun(kFirst, seconds(10));
  Advance(milliseconds(9'999));
  agent_.OnTick(Now());
  EXPECT_THAT(Actions(), IsEmpty());
  agent_.NextFrame(Now());  // a heartbeat, which was due
  EXPECT_EQ(agent_.NextDeadline(), Now().steady + milliseconds(1));
  Advance(milliseconds(1));
  agent_.OnTick(Now());
  EXPECT_THAT(Actions(), ElementsAre("stop 12-1", "spool! 12-1 broke #2"));
  const auto frame = agent_.NextFrame(Now());
  EXPECT_EQ(frame->events(0).broke().failure(), v1::FAILURE_CLASS_TIMED_OUT);
}

TEST_F(AgentTest, TimeLimitCountsFromTheStartOfTheRunAndEndsWithIt) {
  Connect();
  Give(kFirst, seconds(10));
  Advance(seconds(60));  // a long fetch
  agent_.OnRunning(kFirst, "cpu", Now());
  Advance(seconds(9));
  agent_.OnUploading(kFirst);
  Advance(seconds(60));  // a long upload
  Actions();
  agent_.OnTick(Now());
  EXPECT_THAT(Actions(), IsEmpty());
}

TEST_F(AgentTest, ProgressIsToldAtMostOnceASecondAndOnlyTheNewest) {
  Connect();
  GiveAndRun(kFirst);
  const auto progress = [&](int done) {
    v1::Progress point;
    point.set_done(done);
    agent_.OnProgress(kFirst, point);
  };
  progress(1);
  agent_.OnTick(Now());
  EXPECT_THAT(Actions(), ElementsAre("spool 12-1 progress #2"));
  progress(2);
  progress(3);
  agent_.OnTick(Now());
  EXPECT_THAT(Actions(), IsEmpty());
  Advance(kProgressInterval);
  agent_.OnTick(Now());
  EXPECT_THAT(Actions(), ElementsAre("spool 12-1 progress #3"));
  const auto frame = agent_.NextFrame(Now());
  EXPECT_EQ(frame->events(2).progress().done(), 3);
}

TEST_F(AgentTest, LogLinesTravelTogetherAndAllOfThemBeforeTheEnd) {
  Connect();
  GiveAndRun(kFirst);
  agent_.OnLogLine(kFirst, "a");
  agent_.OnLogLine(kFirst, "b");
  agent_.OnTick(Now());
  agent_.OnLogLine(kFirst, "c");
  agent_.OnTick(Now());
  EXPECT_THAT(Actions(), ElementsAre("spool 12-1 log #2")) << "once a second";
  ASSERT_TRUE(agent_.NextDeadline());
  agent_.OnBroke(kFirst, {}, Now());
  EXPECT_THAT(Actions(), ElementsAre("spool 12-1 log #3", "spool! 12-1 broke #4"));
  const auto frame = agent_.NextFrame(Now());
  EXPECT_EQ(frame->events(1).log().first(), 1);
  EXPECT_THAT(frame->events(1).log().lines(), ElementsAre("a", "b"));
  EXPECT_EQ(frame->events(2).log().first(), 3);
  EXPECT_THAT(frame->events(2).log().lines(), ElementsAre("c"));
}

TEST_F(AgentTest, ALogEndsAtItsLimitAndSaysSo) {
  Connect();
  GiveAndRun(kFirst);
  const std::string line(1'023, 'x');
  for (int i = 0; i < 2'000; ++i) agent_.OnLogLine(kFirst, line);
  agent_.OnTick(Now());
  const auto frame = agent_.NextFrame(Now());
  const auto& lines = frame->events(1).log().lines();
  ASSERT_EQ(lines.size(), 1'025);
  EXPECT_THAT(lines[1'024], testing::HasSubstr("the log ends here"));
}

TEST_F(AgentTest, DrainGivesBackWhatRunsAndFetchesAndKeepsUploads) {
  Connect();
  GiveAndRun(kFirst);
  agent_.OnUploading(kFirst);
  GiveAndRun(kSecond);
  Give({14, 1});
  Actions();
  agent_.OnDrain("signal 15", Now());
  EXPECT_THAT(Actions(), ElementsAre("halt 13-1", "stop 14-1", "spool! 14-1 returned #1"));
  v1::ResumeFile file;
  file.set_epoch(7);
  agent_.OnResumeFile(kSecond, file, Now());
  agent_.OnHalted(kSecond, Now());
  agent_.OnHalted(kSecond, Now());
  EXPECT_THAT(Actions(), ElementsAre("spool 13-1 resume #2", "spool! 13-1 returned #3"));
  EXPECT_TRUE(agent_.uploading());
  const auto frame = agent_.NextFrame(Now());
  EXPECT_TRUE(frame->draining());
  EXPECT_EQ(frame->free_slots(), 0);
  EXPECT_TRUE(agent_.draining_told());
}

TEST_F(AgentTest, DrainIsToldAtOnceAlsoWithoutWork) {
  Connect();
  agent_.OnDrain("signal 15", Now());
  EXPECT_FALSE(agent_.draining_told());
  EXPECT_TRUE(agent_.NextFrame(Now())->draining());
  EXPECT_FALSE(agent_.NextFrame(Now()).has_value());
}

TEST_F(AgentTest, LeaseDuringADrainIsGivenBack) {
  Connect();
  agent_.OnDrain("signal 15", Now());
  Give(kFirst);
  EXPECT_THAT(Actions(), ElementsAre("spool! 12-1 returned #1"));
}

TEST_F(AgentTest, TheCoordinatorsDrainGivesBackWhatRunsAndTakesNoNewLeases) {
  Connect();
  GiveAndRun(kFirst);
  v1::CoordinatorFrame frame;
  frame.set_drain(true);
  agent_.OnFrame(frame, Now());
  EXPECT_THAT(Actions(), ElementsAre("halt 12-1"));
  agent_.OnHalted(kFirst, Now());
  EXPECT_THAT(Actions(), ElementsAre("spool! 12-1 returned #2"));
  Give(kSecond);
  EXPECT_THAT(Actions(), ElementsAre("spool! 13-1 returned #1"));
  const auto told = agent_.NextFrame(Now());
  EXPECT_TRUE(told->draining());
  EXPECT_EQ(told->free_slots(), 0);
}

TEST_F(AgentTest, AnUndrainedWorkerTakesLeasesAgainWithoutARestart) {
  Connect();
  v1::CoordinatorFrame frame;
  frame.set_drain(true);
  agent_.OnFrame(frame, Now());
  EXPECT_TRUE(agent_.NextFrame(Now())->draining());
  frame.Clear();
  frame.set_undrain(true);
  agent_.OnFrame(frame, Now());
  const auto told = agent_.NextFrame(Now());
  ASSERT_TRUE(told.has_value());
  EXPECT_FALSE(told->draining());
  EXPECT_EQ(told->free_slots(), 2);
  Give(kFirst);
  EXPECT_THAT(Actions(), ElementsAre("begin 12-1"));
}

TEST_F(AgentTest, RecoveredAttemptWithoutALastEventWasPreempted) {
  v1::AttemptEvent started;
  *started.mutable_attempt() = ToProto(kFirst);
  started.set_sequence(1);
  started.mutable_started();
  agent_.Recover(kFirst, {started}, Agent::Leftover::kNothing, Now());
  EXPECT_THAT(Actions(), ElementsAre("spool! 12-1 broke #2"));
  Connect();
  EXPECT_EQ(first_frame_.events(1).broke().failure(), v1::FAILURE_CLASS_PREEMPTED);
  EXPECT_EQ(ToAttemptId(first_frame_.held(0)), kFirst);
  EXPECT_EQ(first_frame_.free_slots(), 2);
}

TEST_F(AgentTest, RecoveredAttemptWithAResumeFileIsPreemptedOnceThatIsSaved) {
  v1::AttemptEvent started;
  *started.mutable_attempt() = ToProto(kFirst);
  started.set_sequence(1);
  started.mutable_started();
  agent_.Recover(kFirst, {started}, Agent::Leftover::kResumeFile, Now());
  EXPECT_THAT(Actions(), ElementsAre("salvage 12-1"));
  Connect();
  EXPECT_EQ(ToAttemptId(first_frame_.held(0)), kFirst) << "its lease is renewed meanwhile";
  EXPECT_THAT(Events(first_frame_), ElementsAre("12-1 started #1"));
  EXPECT_TRUE(agent_.uploading());
  v1::ResumeFile file;
  file.set_epoch(7);
  agent_.OnResumeFile(kFirst, file, Now());
  agent_.OnHalted(kFirst, Now());
  EXPECT_THAT(Actions(), ElementsAre("spool 12-1 resume #2", "spool! 12-1 broke #3"));
  const auto frame = agent_.NextFrame(Now());
  EXPECT_EQ(frame->events(1).broke().failure(), v1::FAILURE_CLASS_PREEMPTED);
}

TEST_F(AgentTest, RecoveredResultIsSentAsItIs) {
  v1::AttemptEvent finished;
  *finished.mutable_attempt() = ToProto(kFirst);
  finished.set_sequence(1);
  (*finished.mutable_finished()->mutable_metrics())["f1_macro"] = 0.5;
  agent_.Recover(kFirst, {finished}, Agent::Leftover::kResumeFile, Now());
  EXPECT_THAT(Actions(), IsEmpty());
  Connect();
  EXPECT_THAT(Events(first_frame_), ElementsAre("12-1 finished #1"));
}

TEST_F(AgentTest, FirstFrameTellsResultsBeforeTheEpochsOfWhatRuns) {
  Connect();
  GiveAndRun(kFirst);
  agent_.OnEpoch(kFirst, Epoch(1), Now());
  GiveAndRun(kSecond);
  agent_.OnFinished(kSecond, {}, Now());
  agent_.OnSessionClosed(Agent::Resend::kUnacknowledged);
  Connect();
  EXPECT_THAT(Events(first_frame_), ElementsAre("13-1 started #1", "13-1 finished #2",
                                                "12-1 started #1", "12-1 epoch #2"));
}

TEST_F(AgentTest, FrameHoldsABoundedNumberOfEvents) {
  Connect();
  GiveAndRun(kFirst);
  for (int i = 1; i <= kMaxEventsPerFrame; ++i) agent_.OnEpoch(kFirst, Epoch(i), Now());
  EXPECT_EQ(agent_.NextFrame(Now())->events_size(), kMaxEventsPerFrame);
  EXPECT_EQ(agent_.NextFrame(Now())->events_size(), 1);
}

TEST_F(AgentTest, FrameIsBoundedInBytesButALargeEventTravelsAlone) {
  Connect();
  GiveAndRun(kFirst);
  GiveAndRun(kSecond);
  SentEvents();
  v1::Finished large;
  (*large.mutable_environment())["x"] = std::string(kMaxFrameEventBytes + 1, 'x');
  agent_.OnFinished(kFirst, large, Now());
  agent_.OnFinished(kSecond, large, Now());
  EXPECT_EQ(agent_.NextFrame(Now())->events_size(), 1);
  EXPECT_EQ(agent_.NextFrame(Now())->events_size(), 1);
}

TEST_F(AgentTest, EventsOfOneAttemptAreBoundedExceptTheLast) {
  Connect();
  GiveAndRun(kFirst);
  for (std::size_t i = 0; i < kMaxEventsPerAttempt + 5; ++i) {
    agent_.OnEpoch(kFirst, Epoch(1), Now());
  }
  agent_.TakeActions();
  agent_.OnBroke(kFirst, {}, Now());
  const auto actions = agent_.TakeActions();
  ASSERT_EQ(actions.size(), 1u);
  EXPECT_EQ(std::get<SpoolEvent>(actions[0]).event.sequence(),
            static_cast<std::int64_t>(kMaxEventsPerAttempt) + 1);
}

TEST_F(AgentTest, WhatTheMachineIsUsedToTravelsOnceWithTheNextFrame) {
  Connect();
  EXPECT_FALSE(first_frame_.has_use());
  v1::MachineUse use;
  use.set_cpu_share(0.5);
  agent_.OnUse(use);
  EXPECT_FALSE(agent_.NextFrame(Now())) << "it is no reason for a frame of its own";
  Advance(seconds(2));
  const auto heartbeat = agent_.NextFrame(Now());
  ASSERT_TRUE(heartbeat);
  EXPECT_EQ(heartbeat->use().cpu_share(), 0.5);
  Advance(seconds(2));
  EXPECT_FALSE(agent_.NextFrame(Now())->has_use());
}

TEST_F(AgentTest, NoLeaseIsAskedForWhileARunWouldWaitForAGpu) {
  Connect();
  agent_.OnGpusFull(true);
  Advance(seconds(2));
  EXPECT_EQ(agent_.NextFrame(Now())->free_slots(), 0);
  agent_.OnGpusFull(false);
  const auto told = agent_.NextFrame(Now());
  ASSERT_TRUE(told) << "free slots are news";
  EXPECT_EQ(told->free_slots(), 2);
}

}  // namespace
}  // namespace tutti
