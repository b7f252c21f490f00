// Walks every state × event cell, then says the rules of attempts one by one.
#include "coordinator/core/job_state.h"

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/result_matchers.h"

namespace tutti::job {
namespace {

constexpr Limits kLimits{.max_attempts = 3, .worker_lost = 5};
const WorkerId kWorker{"worker-a"};
const WorkerId kOther{"worker-b"};
constexpr FailureTally kTally{.counted = 1, .worker_lost = 2};

SteadyTime At(int seconds) {
  return SteadyTime(std::chrono::seconds(seconds));
}

// Each at attempt 2 of its job; leases end at 100 s.
std::map<std::string, State> States() {
  return {
      {"blocked", Blocked{2}},
      {"ready", Ready{2, kTally}},
      {"leased", Leased{2, kWorker, At(100), kTally}},
      {"running", Running{2, kWorker, At(100), kTally}},
      {"succeeded", Succeeded{2}},
      {"failed", Failed{2, FailureClass::kCrashed, kTally}},
      {"dep_failed", Failed{2, FailureClass::kDependencyFailed, {}}},
      {"cancelled", Cancelled{2}},
  };
}

struct Row {
  std::string name;
  Event event;
  // Expected phase after it, per state in the order of kColumns; "-": refused; "=": allowed, and
  // the state stays as it was.
  std::vector<std::string> cells;
};

const std::vector<std::string> kColumns = {"blocked",   "ready",  "leased",     "running",
                                           "succeeded", "failed", "dep_failed", "cancelled"};

// clang-format off
std::vector<Row> Table() {
  return {
    {"unblocked",              Unblocked{},                      {"ready",     "-",         "-",         "-",         "-", "-",         "-",         "-"}},
    {"dependency failed",      DependencyFailed{},               {"failed",    "-",         "-",         "-",         "-", "-",         "-",         "-"}},
    {"dependency restored",    DependencyRestored{},             {"-",         "-",         "-",         "-",         "-", "-",         "blocked",   "-"}},
    {"granted",                Granted{kOther, At(130)},         {"-",         "leased",    "-",         "-",         "-", "-",         "-",         "-"}},
    {"started, live",          Started{2},                       {"-",         "-",         "running",   "-",         "-", "-",         "-",         "-"}},
    {"started, old",           Started{1},                       {"-",         "-",         "-",         "-",         "-", "-",         "-",         "-"}},
    {"renewed, live",          Renewed{2, At(130)},              {"-",         "-",         "leased",    "running",   "-", "-",         "-",         "-"}},
    {"renewed, old",           Renewed{1, At(130)},              {"-",         "-",         "-",         "-",         "-", "-",         "-",         "-"}},
    {"reclaimed, started",     Reclaimed{2, kWorker, At(9), true},  {"-",      "running",   "-",         "-",         "-", "-",         "-",         "-"}},
    {"reclaimed, not started", Reclaimed{2, kWorker, At(9), false}, {"-",      "leased",    "-",         "-",         "-", "-",         "-",         "-"}},
    {"reclaimed, old",         Reclaimed{1, kWorker, At(9), true},  {"-",      "-",         "-",         "-",         "-", "-",         "-",         "-"}},
    {"expired, overdue",       LeaseExpired{At(100)},            {"-",         "-",         "ready",     "ready",     "-", "-",         "-",         "-"}},
    {"expired, too early",     LeaseExpired{At(99)},             {"-",         "-",         "=",         "=",         "-", "-",         "-",         "-"}},
    {"not held, live",         NotHeld{2},                       {"-",         "-",         "ready",     "ready",     "-", "-",         "-",         "-"}},
    {"not held, old",          NotHeld{1},                       {"-",         "-",         "-",         "-",         "-", "-",         "-",         "-"}},
    {"finished, newest",       Finished{2},                      {"succeeded", "succeeded", "succeeded", "succeeded", "=", "succeeded", "succeeded", "-"}},
    {"finished, old",          Finished{1},                      {"succeeded", "succeeded", "succeeded", "succeeded", "=", "succeeded", "succeeded", "-"}},
    {"finished, never granted", Finished{3},                     {"-",         "-",         "-",         "-",         "-", "-",         "-",         "-"}},
    {"finished, no attempt",   Finished{0},                      {"-",         "-",         "-",         "-",         "-", "-",         "-",         "-"}},
    {"crashed, live",          Broke{2, FailureClass::kCrashed}, {"-",         "-",         "ready",     "ready",     "-", "-",         "-",         "-"}},
    {"crashed, old",           Broke{1, FailureClass::kCrashed}, {"-",         "-",         "-",         "-",         "-", "-",         "-",         "-"}},
    {"bad config, live",       Broke{2, FailureClass::kBadConfig}, {"-",       "-",         "failed",    "failed",    "-", "-",         "-",         "-"}},
    {"returned, live",         Returned{2},                      {"-",         "-",         "ready",     "ready",     "-", "-",         "-",         "-"}},
    {"returned, old",          Returned{1},                      {"-",         "-",         "-",         "-",         "-", "-",         "-",         "-"}},
    {"cancel",                 Cancel{},                         {"cancelled", "cancelled", "cancelled", "cancelled", "-", "-",         "-",         "-"}},
    {"retry, all there",       Retry{Dependencies::kMet},        {"-",         "-",         "-",         "-",         "-", "ready",     "ready",     "ready"}},
    {"retry, parts missing",   Retry{Dependencies::kMissing},    {"-",         "-",         "-",         "-",         "-", "blocked",   "blocked",   "blocked"}},
  };
}
// clang-format on

TEST(JobState, TheTableHasEveryEvent) {
  std::vector<bool> seen(std::variant_size_v<Event>);
  for (const Row& row : Table()) {
    seen[row.event.index()] = true;
    ASSERT_EQ(row.cells.size(), kColumns.size()) << row.name;
  }
  EXPECT_EQ(seen, std::vector<bool>(std::variant_size_v<Event>, true));
}

TEST(JobState, TheTableHasEveryState) {
  std::vector<bool> seen(std::variant_size_v<State>);
  for (const auto& [name, state] : States()) seen[state.index()] = true;
  EXPECT_EQ(seen, std::vector<bool>(std::variant_size_v<State>, true));
}

TEST(JobState, EachCellOfTheTableComesOutAsItSays) {
  const auto states = States();
  for (const Row& row : Table()) {
    for (std::size_t column = 0; column < kColumns.size(); ++column) {
      SCOPED_TRACE(kColumns[column] + " × " + row.name);
      const State before = states.at(kColumns[column]);
      const std::string& expected = row.cells[column];
      const Result<Step> step = Apply(before, row.event, kLimits);
      if (expected == "-") {
        EXPECT_TRUE(FailsWith(step, ErrorCode::kFailedPrecondition, "does not take"));
        continue;
      }
      ASSERT_TRUE(IsOk(step));
      if (expected == "=") {
        EXPECT_EQ(step->state, before);
        EXPECT_TRUE(step->effects.empty());
        continue;
      }
      EXPECT_EQ(Name(PhaseOf(step->state)), expected);
      EXPECT_GE(LastAttempt(step->state), LastAttempt(before)) << "attempt numbers never fall";
    }
  }
}

Step Must(const State& state, const Event& event) {
  Result<Step> step = Apply(state, event, kLimits);
  EXPECT_TRUE(IsOk(step));
  return step.ok() ? *step : Step{state, {}};
}

TEST(JobState, AGrantMakesTheAttemptOneHigherAndKeepsTheTally) {
  const Step step = Must(Ready{6, kTally}, Granted{kOther, At(130)});
  EXPECT_EQ(step.state, State(Leased{7, kOther, At(130), kTally}));
  EXPECT_EQ(step.effects, (std::vector<Effect>{BeginAttempt{7}}));
}

TEST(JobState, AHeartbeatMovesOnlyTheDeadline) {
  const Step step = Must(Running{2, kWorker, At(100), kTally}, Renewed{2, At(130)});
  EXPECT_EQ(step.state, State(Running{2, kWorker, At(130), kTally}));
  EXPECT_TRUE(step.effects.empty());
}

TEST(JobState, AStartedAttemptThatIsLostIsCounted) {
  const Step step = Must(Running{2, kWorker, At(100), kTally}, LeaseExpired{At(101)});
  EXPECT_EQ(step.state, State(Ready{2, {.counted = 1, .worker_lost = 3}}));
  EXPECT_EQ(
      step.effects,
      (std::vector<Effect>{CloseAttempt{2, AttemptOutcome::kLost, FailureClass::kWorkerLost}}));
}

TEST(JobState, AnAttemptThatNeverStartedIsLostWithoutCounting) {
  const FailureTally at_limit{.counted = 2, .worker_lost = 4};
  EXPECT_EQ(Must(Leased{2, kWorker, At(100), at_limit}, LeaseExpired{At(101)}).state,
            State(Ready{2, at_limit}));
  EXPECT_EQ(Must(Leased{2, kWorker, At(100), at_limit}, NotHeld{2}).state,
            State(Ready{2, at_limit}));
}

TEST(JobState, TheFifthLostWorkerIsTheLast) {
  const FailureTally four{.counted = 0, .worker_lost = 4};
  const Step step = Must(Running{9, kWorker, At(100), four}, NotHeld{9});
  EXPECT_EQ(step.state,
            State(Failed{9, FailureClass::kWorkerLost, {.counted = 0, .worker_lost = 5}}));
}

TEST(JobState, CrashesOutOfMemoryAndTimeoutsShareOneLimit) {
  State state = Ready{};
  for (const FailureClass failure :
       {FailureClass::kCrashed, FailureClass::kOutOfMemory, FailureClass::kTimedOut}) {
    ASSERT_EQ(PhaseOf(state), JobPhase::kReady);
    state = Must(state, Granted{kWorker, At(100)}).state;
    const AttemptNumber attempt = LastAttempt(state);
    state = Must(state, Started{attempt}).state;
    state = Must(state, Broke{attempt, failure}).state;
  }
  EXPECT_EQ(state, State(Failed{3, FailureClass::kTimedOut, {.counted = 3, .worker_lost = 0}}));
}

TEST(JobState, LostWorkersDoNotEatTheLimitOfCrashes) {
  const FailureTally tally{.counted = 2, .worker_lost = 3};
  EXPECT_EQ(Must(Running{6, kWorker, At(1), tally}, LeaseExpired{At(2)}).state,
            State(Ready{6, {.counted = 2, .worker_lost = 4}}));
}

TEST(JobState, WhatCannotGetBetterIsNeverRetried) {
  for (const FailureClass failure :
       {FailureClass::kBadConfig, FailureClass::kBadData, FailureClass::kDependencyFailed}) {
    const Step step = Must(Running{1, kWorker, At(100), {}}, Broke{1, failure});
    EXPECT_EQ(step.state, State(Failed{1, failure, {}})) << Name(failure);
  }
}

TEST(JobState, PreemptionAndReturnAreNeverCounted) {
  const FailureTally at_limit{.counted = 2, .worker_lost = 4};
  const Running running{9, kWorker, At(100), at_limit};
  EXPECT_EQ(Must(running, Broke{9, FailureClass::kPreempted}).state, State(Ready{9, at_limit}));
  const Step returned = Must(running, Returned{9});
  EXPECT_EQ(returned.state, State(Ready{9, at_limit}));
  EXPECT_EQ(
      returned.effects,
      (std::vector<Effect>{CloseAttempt{9, AttemptOutcome::kReturned, FailureClass::kPreempted}}));
}

TEST(JobState, TheLiveAttemptsResultIsAcceptedOnce) {
  const Step step = Must(Running{2, kWorker, At(100), kTally}, Finished{2});
  EXPECT_EQ(step.state, State(Succeeded{2}));
  EXPECT_EQ(step.effects,
            (std::vector<Effect>{AcceptResult{2},
                                 CloseAttempt{2, AttemptOutcome::kSucceeded, std::nullopt}}));
}

TEST(JobState, ALateResultWinsAndTheNewerAttemptIsDropped) {
  const Step step = Must(Running{3, kOther, At(100), kTally}, Finished{2});
  EXPECT_EQ(step.state, State(Succeeded{3}));
  EXPECT_EQ(step.effects,
            (std::vector<Effect>{CloseAttempt{3, AttemptOutcome::kSuperseded, std::nullopt},
                                 AcceptResult{2},
                                 CloseAttempt{2, AttemptOutcome::kSucceeded, std::nullopt}}));
}

TEST(JobState, ALateResultBringsAFailedJobBack) {
  const Step step = Must(Failed{5, FailureClass::kWorkerLost, {0, 5}}, Finished{4});
  EXPECT_EQ(step.state, State(Succeeded{5}));
}

TEST(JobState, ASecondResultChangesNothing) {
  const Step step = Must(Succeeded{3}, Finished{3});
  EXPECT_EQ(step.state, State(Succeeded{3}));
  EXPECT_TRUE(step.effects.empty());
}

TEST(JobState, CancellingALiveJobClosesItsAttempt) {
  const Step step = Must(Running{2, kWorker, At(100), kTally}, Cancel{});
  EXPECT_EQ(step.effects,
            (std::vector<Effect>{CloseAttempt{2, AttemptOutcome::kCancelled, std::nullopt}}));
  EXPECT_TRUE(Must(Ready{2, kTally}, Cancel{}).effects.empty());
}

TEST(JobState, RetryResetsTheLimitsAndAttemptNumbersGoOn) {
  const State ready = Must(Failed{7, FailureClass::kCrashed, {3, 1}}, Retry{}).state;
  EXPECT_EQ(ready, State(Ready{7, {}}));
  EXPECT_EQ(LastAttempt(Must(ready, Granted{kWorker, At(1)}).state), 8);
}

TEST(JobState, ARefusalSaysStateAttemptAndEvent) {
  const Result<Step> step =
      Apply(Running{3, kWorker, At(1), {}}, Broke{2, FailureClass::kCrashed}, kLimits);
  EXPECT_TRUE(FailsWith(step, ErrorCode::kFailedPrecondition,
                        "a job that is running, at attempt 3, does not take 'broke': attempt 2 is "
                        "not the live one"));
}

}  // namespace
}  // namespace tutti::job
