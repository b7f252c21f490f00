// The rules by which a worker, or a GPU of it, is set aside and comes back.
#include "coordinator/core/worker_health.h"

#include <gtest/gtest.h>

namespace tutti {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;

class WorkerHealthTest : public testing::Test {
 protected:
  // Granted and failed at once.
  bool Fail(std::int64_t job) {
    return NoteFailure(health_, {JobId{job}, Wall()}, "job " + std::to_string(job) + " crashed",
                       runs_elsewhere_since_, {now_, Wall()});
  }
  bool OthersSucceed() { return NoteSuccessElsewhere(health_, {now_, Wall()}); }
  void Pass(milliseconds time) { now_ += time; }
  UnixMillis Wall() const {
    return UnixMillis{std::chrono::duration_cast<milliseconds>(now_.time_since_epoch()).count()};
  }
  Standing Now() const { return StandingOf(health_, now_); }
  // Set aside `times` times in a row.
  void SetAside(int times) {
    Fail(1);
    OthersSucceed();
    Fail(2);
    EXPECT_TRUE(Fail(3));
    for (int i = 1; i < times; ++i) {
      Pass(PauseOf(i));
      EXPECT_TRUE(Fail(3 + i));
    }
  }

  WorkerHealth health_;
  std::optional<UnixMillis> runs_elsewhere_since_;
  SteadyTime now_{minutes(1000)};
};

TEST_F(WorkerHealthTest, ThreeFailuresOfDifferentJobsInARowSetAPlaceAsideIfOthersSucceed) {
  EXPECT_FALSE(Fail(1));
  EXPECT_FALSE(Fail(2));
  EXPECT_FALSE(OthersSucceed());
  EXPECT_EQ(Now(), Standing::kTrusted);
  EXPECT_TRUE(Fail(3));
  EXPECT_EQ(Now(), Standing::kSetAside);
  EXPECT_EQ(health_.reason, "job 3 crashed");
  EXPECT_EQ(ToInt(health_.until_wall), ToInt(Wall()) + 60'000);
}

TEST_F(WorkerHealthTest, WhereEverythingFailsEverywhereNobodyIsSetAside) {
  for (int job = 1; job <= 20; ++job) EXPECT_FALSE(Fail(job));
  EXPECT_EQ(Now(), Standing::kTrusted);
  EXPECT_TRUE(OthersSucceed()) << "the first success elsewhere says that it is this place";
  EXPECT_EQ(Now(), Standing::kSetAside);
}

TEST_F(WorkerHealthTest, AnAttemptElsewhereThatOutlivesTheThreeIsAsGoodAsASuccess) {
  runs_elsewhere_since_ = Wall();
  Pass(milliseconds(1));
  EXPECT_FALSE(Fail(1));
  EXPECT_FALSE(Fail(2));
  EXPECT_TRUE(Fail(3));
  EXPECT_EQ(Now(), Standing::kSetAside);
}

TEST_F(WorkerHealthTest, AnAttemptElsewhereThatBeganWithThemSaysNothingBeforeAFourth) {
  runs_elsewhere_since_ = Wall();
  EXPECT_FALSE(Fail(1));
  Pass(milliseconds(1));
  EXPECT_FALSE(Fail(2));
  EXPECT_FALSE(Fail(3)) << "the first of these is no younger than it";
  EXPECT_TRUE(Fail(4));
}

TEST_F(WorkerHealthTest, ASuccessElsewhereBeforeTheFirstFailureSaysNothing) {
  EXPECT_FALSE(OthersSucceed());
  for (int job = 1; job <= 3; ++job) EXPECT_FALSE(Fail(job));
}

TEST_F(WorkerHealthTest, OneJobThatFailsAgainAndAgainDoesNotCountAsThree) {
  Fail(1);
  OthersSucceed();
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(Fail(1));
  EXPECT_FALSE(Fail(2));
  EXPECT_TRUE(Fail(3));
}

TEST_F(WorkerHealthTest, ASuccessInBetweenBeginsTheRowAnew) {
  Fail(1);
  OthersSucceed();
  Fail(2);
  EXPECT_FALSE(NoteSuccess(health_)) << "it had not been set aside";
  EXPECT_FALSE(Fail(3));
  EXPECT_FALSE(OthersSucceed());
  EXPECT_FALSE(Fail(4));
  EXPECT_TRUE(Fail(5));
}

TEST_F(WorkerHealthTest, ItComesBackAfterAMinuteOnTrialAndOneSuccessClearsIt) {
  SetAside(1);
  Pass(minutes(1) - milliseconds(1));
  EXPECT_EQ(Now(), Standing::kSetAside);
  Pass(milliseconds(1));
  EXPECT_EQ(Now(), Standing::kOnTrial);
  EXPECT_TRUE(NoteSuccess(health_));
  EXPECT_EQ(Now(), Standing::kTrusted);
  SetAside(1);
  EXPECT_EQ(*health_.until - now_, minutes(1)) << "the pauses begin anew too";
}

TEST_F(WorkerHealthTest, OneFailureOnTrialDoublesThePauseUpToALimit) {
  SetAside(1);
  for (const int expected : {2, 4, 8, 16, 32, 64, 64, 64}) {
    now_ = *health_.until;
    EXPECT_TRUE(Fail(100 + expected));
    EXPECT_EQ(*health_.until - now_, minutes(expected));
  }
  EXPECT_EQ(kLongestPause, minutes(64));
}

TEST_F(WorkerHealthTest, WhatStillRanWhenItWasSetAsideSaysNothingNew) {
  SetAside(1);
  const auto until = health_.until;
  EXPECT_FALSE(Fail(77));
  EXPECT_FALSE(OthersSucceed());
  EXPECT_EQ(health_.until, until);
  EXPECT_EQ(health_.times, 1);
}

TEST(WorkerHealth, OnlyFailuresThatTellOfThePlaceCount) {
  using enum FailureClass;
  for (const FailureClass failure : {kOutOfMemory, kCrashed, kTimedOut}) {
    EXPECT_TRUE(TellsOfPlace(failure)) << Name(failure);
  }
  for (const FailureClass failure :
       {kBadConfig, kBadData, kDependencyFailed, kWorkerLost, kPreempted}) {
    EXPECT_FALSE(TellsOfPlace(failure)) << Name(failure);
  }
}

}  // namespace
}  // namespace tutti
