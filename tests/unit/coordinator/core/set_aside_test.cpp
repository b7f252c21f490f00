// Workers and GPUs that are set aside: what the scheduler gives them, what is logged and told.
#include <chrono>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "coordinator/core/judgement.h"
#include "tests/support/core_harness.h"
#include "tests/support/result_matchers.h"

namespace tutti {
namespace {

using std::chrono::minutes;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

// Many runs whose features are there.
class SetAsideTest : public testing::Test {
 protected:
  SetAsideTest() {
    std::vector<std::int64_t> seeds;
    for (std::int64_t seed = 1; seed <= 40; ++seed) seeds.push_back(seed);
    EXPECT_TRUE(IsOk(harness_.Submit(MakeSweepSpec("base", {"cnn"}, seeds),
                                     MakeManifest(40, {"blues", "rock"}))));
    ScriptedWorker preparer(harness_, "preparer", 10, {JobKind::kPreprocess});
    preparer.Connect();
    const auto grants = harness_.Schedule();
    preparer.Take(grants);
    for (const Grant& grant : grants) {
      preparer.Start(grant.attempt);
      preparer.Finish(grant.attempt);
    }
    harness_.Disconnect(preparer.id(), preparer.session);
  }

  // Those of one round that are for this worker.
  std::vector<Grant> GrantsOf(ScriptedWorker& worker) {
    std::vector<Grant> own;
    for (const Grant& grant : harness_.Schedule()) {
      (grant.worker == a_.id() ? a_ : b_).Take({grant});
      if (grant.worker == worker.id()) own.push_back(grant);
    }
    return own;
  }
  void Succeed(ScriptedWorker& worker, const std::string& device = "cpu") {
    const AttemptKey attempt = worker.held().front();
    worker.Start(attempt, device);
    worker.Finish(attempt);
    worker.Heartbeat();
  }
  void Crash(ScriptedWorker& worker, const std::string& device = "cpu") {
    const AttemptKey attempt = worker.held().front();
    worker.Start(attempt, device);
    worker.Break(attempt, FailureClass::kCrashed);
    worker.Heartbeat();
  }
  // a fails with three jobs while b succeeds.
  void SetAsideA(const std::string& device = "cpu") {
    for (int i = 0; i < 3; ++i) {
      GrantsOf(a_);
      ASSERT_FALSE(a_.held().empty());
      ASSERT_FALSE(b_.held().empty());
      Crash(a_, device);
      Succeed(b_);
    }
  }
  std::vector<SetAside> Told() {
    for (const WorkerStatus& status : harness_.core().Workers()) {
      if (status.id == a_.id()) return status.set_aside;
    }
    return {};
  }

  CoreHarness harness_{{.tracks_per_shard = 64}};
  ScriptedWorker a_{harness_, "a", 1};
  ScriptedWorker b_{harness_, "b", 1};
};

TEST_F(SetAsideTest, AWorkerOnWhichThreeJobsCrashedInARowGetsNoneForAMinute) {
  a_.Connect();
  b_.Connect();
  SetAsideA();
  EXPECT_TRUE(GrantsOf(a_).empty());
  ASSERT_EQ(Told().size(), 1U);
  EXPECT_EQ(Told()[0].device, "");
  EXPECT_THAT(Told()[0].reason, HasSubstr("crashed: it broke"));
  EXPECT_EQ(ToInt(Told()[0].until), ToInt(harness_.clock.WallNow()) + 60'000);
  EXPECT_THAT(harness_.stored.EventKinds(), Contains("worker_set_aside").Times(1));
}

TEST_F(SetAsideTest, ItComesBackWithOneJobAndASuccessGivesItAllItsSlots) {
  a_.slots = 3;
  a_.Connect();
  b_.Connect();
  SetAsideA();
  while (!a_.held().empty()) {
    a_.Return(a_.held().front());
    a_.Heartbeat();
  }
  ASSERT_EQ(Told().size(), 1U);
  harness_.clock.Advance(minutes(1));
  a_.Heartbeat();
  b_.Heartbeat();
  EXPECT_EQ(GrantsOf(a_).size(), 1U);
  EXPECT_TRUE(GrantsOf(a_).empty()) << "the one job that it may try is on its way";
  Succeed(a_);
  EXPECT_TRUE(Told().empty());
  EXPECT_EQ(GrantsOf(a_).size(), 3U);
  EXPECT_THAT(harness_.stored.EventKinds(), Contains("worker_trusted_again"));
}

TEST_F(SetAsideTest, AFailureOnTrialSetsItAsideForTwiceAsLong) {
  a_.Connect();
  b_.Connect();
  SetAsideA();
  harness_.clock.Advance(minutes(1));
  a_.Heartbeat();
  b_.Heartbeat();
  ASSERT_EQ(GrantsOf(a_).size(), 1U);
  Crash(a_);
  harness_.clock.Advance(minutes(2) - std::chrono::milliseconds(1));
  a_.Heartbeat();
  EXPECT_TRUE(GrantsOf(a_).empty());
  harness_.clock.Advance(std::chrono::milliseconds(1));
  EXPECT_EQ(GrantsOf(a_).size(), 1U);
}

TEST_F(SetAsideTest, OneLongRunElsewhereIsEnoughToCompareWith) {
  b_.Connect();
  GrantsOf(b_);
  ASSERT_EQ(b_.held().size(), 1U);
  b_.Start(b_.held().front());
  harness_.clock.Advance(std::chrono::seconds(1));
  a_.Connect();
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(Told().empty());
    ASSERT_EQ(GrantsOf(a_).size(), 1U);
    Crash(a_);
  }
  EXPECT_EQ(Told().size(), 1U);
}

TEST_F(SetAsideTest, WhereEverythingCrashesEverywhereNobodyIsSetAside) {
  a_.Connect();
  b_.Connect();
  for (int i = 0; i < 9; ++i) {
    GrantsOf(a_);
    ScriptedWorker& first = i % 2 == 0 ? a_ : b_;
    ScriptedWorker& second = i % 2 == 0 ? b_ : a_;
    if (!first.held().empty()) Crash(first);
    harness_.clock.Advance(std::chrono::milliseconds(1));
    if (!second.held().empty()) Crash(second);
  }
  EXPECT_TRUE(Told().empty());
}

TEST_F(SetAsideTest, ALoneWorkerIsNeverSetAside) {
  a_.Connect();
  for (int i = 0; i < 12; ++i) {
    ASSERT_EQ(GrantsOf(a_).size(), 1U);
    Crash(a_);
  }
  EXPECT_TRUE(Told().empty());
}

TEST_F(SetAsideTest, BadJobsAndLostLeasesDoNotCount) {
  a_.Connect();
  b_.Connect();
  for (int i = 0; i < 6; ++i) {
    GrantsOf(a_);
    const AttemptKey attempt = a_.held().front();
    a_.Start(attempt);
    a_.Break(attempt, i % 2 == 0 ? FailureClass::kBadConfig : FailureClass::kPreempted);
    a_.Heartbeat();
    Succeed(b_);
  }
  EXPECT_TRUE(Told().empty());
}

TEST_F(SetAsideTest, OneBadGpuIsSetAsideAndTheOtherTakesItsShareOfTheSlots) {
  a_.slots = 4;
  a_.devices = {"cuda:0", "cuda:1"};
  a_.Connect();
  b_.Connect();
  SetAsideA("cuda:1");
  ASSERT_EQ(Told().size(), 1U);
  EXPECT_EQ(Told()[0].device, "cuda:1");
  while (!a_.held().empty()) Succeed(a_, "cuda:0");
  const auto grants = GrantsOf(a_);
  EXPECT_EQ(grants.size(), 2U) << "half of the slots are the other GPU's";
  for (const Grant& grant : grants) {
    EXPECT_EQ(grant.device, "");
    EXPECT_THAT(grant.avoided_devices, ElementsAre("cuda:1"));
  }
}

TEST_F(SetAsideTest, AGpuComesBackWithOneJobThatHasToTakeIt) {
  a_.slots = 4;
  a_.devices = {"cuda:0", "cuda:1"};
  a_.Connect();
  b_.Connect();
  SetAsideA("cuda:1");
  while (!a_.held().empty()) Succeed(a_, "cuda:0");
  harness_.clock.Advance(minutes(1));
  a_.Heartbeat();
  const auto grants = GrantsOf(a_);
  ASSERT_EQ(grants.size(), 3U);
  EXPECT_EQ(grants[0].device, "cuda:1");
  EXPECT_THAT(grants[1].avoided_devices, ElementsAre("cuda:1"));
  EXPECT_THAT(grants[2].avoided_devices, ElementsAre("cuda:1"));
  a_.Start(grants[0].attempt, "cuda:1");
  a_.Finish(grants[0].attempt);
  a_.Heartbeat();
  EXPECT_TRUE(Told().empty());
  const auto more = GrantsOf(a_);
  EXPECT_EQ(more.size(), 2U);
  for (const Grant& grant : more) EXPECT_TRUE(grant.avoided_devices.empty());
}

TEST_F(SetAsideTest, AWorkerAllOfWhoseGpusAreSetAsideGetsNoRuns) {
  a_.devices = {"cuda:0"};
  a_.Connect();
  b_.Connect();
  SetAsideA("cuda:0");
  ASSERT_EQ(Told().size(), 1U);
  EXPECT_EQ(Told()[0].device, "cuda:0");
  EXPECT_TRUE(GrantsOf(a_).empty());
}

TEST_F(SetAsideTest, AnAttemptRemembersItsDevice) {
  a_.devices = {"cuda:0"};
  a_.Connect();
  const auto grants = GrantsOf(a_);
  ASSERT_EQ(grants.size(), 1U);
  a_.Start(grants[0].attempt, "cuda:0");
  EXPECT_EQ(harness_.Attempt(grants[0].attempt).device, "cuda:0");
}

TEST_F(SetAsideTest, ANewSessionWithTheSameGpusForgetsNothing) {
  a_.devices = {"cuda:0"};
  a_.Connect();
  b_.Connect();
  SetAsideA("cuda:0");
  a_.Connect();
  EXPECT_EQ(Told().size(), 1U);
  EXPECT_TRUE(GrantsOf(a_).empty());
}

}  // namespace
}  // namespace tutti
