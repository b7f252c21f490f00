#include "coordinator/core/sweep_life.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/core_harness.h"
#include "tests/support/result_matchers.h"

namespace tutti {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

// Sweep "base": one shard (job 1), runs 2, 3, 4.
class SweepLifeTest : public testing::Test {
 protected:
  SweepLifeTest() {
    EXPECT_TRUE(IsOk(harness_.Submit(spec_, manifest_)));
    worker_.Connect();
  }

  SweepChangeReport Must(const SweepChange& change, const std::string& sweep = "base") {
    auto report = harness_.Change(sweep, change);
    EXPECT_TRUE(IsOk(report));
    return report.ok() ? *report : SweepChangeReport{};
  }

  std::vector<Grant> Lease() {
    worker_.Heartbeat();
    auto grants = harness_.Schedule();
    worker_.Take(grants);
    return grants;
  }

  void FinishShard() {
    const auto grants = Lease();
    ASSERT_THAT(grants, SizeIs(1));
    worker_.Start(grants[0].attempt);
    worker_.Finish(grants[0].attempt);
  }

  JobPhase Phase(std::int64_t job) const { return harness_.Job({job}).phase; }

  CoreHarness harness_{{.tracks_per_shard = 64}};
  const Manifest manifest_ = MakeManifest(40, {"blues", "rock"});
  const SweepSpec spec_ = MakeSweepSpec("base", {"cnn"}, {1, 2, 3});
  ScriptedWorker worker_{harness_, "w1", 2};
};

TEST_F(SweepLifeTest, CancelEndsWhatWaitsAndWhatRuns) {
  FinishShard();
  const auto grants = Lease();
  ASSERT_THAT(grants, SizeIs(2));
  worker_.Start(grants[0].attempt);
  const SweepChangeReport report = Must(CancelSweep{});
  EXPECT_EQ(report.runs, 3);
  ASSERT_THAT(report.drops, SizeIs(2));
  EXPECT_EQ(report.drops[0].reason, DropReason::kCancelled);
  EXPECT_THAT(harness_.JobsIn(JobPhase::kCancelled), SizeIs(3));
  EXPECT_EQ(Phase(1), JobPhase::kSucceeded) << "features stay";
  // A result that was on its way is not wanted any more.
  worker_.Finish(grants[0].attempt);
  EXPECT_THAT(harness_.stored.results, SizeIs(1));
  EXPECT_EQ(Must(CancelSweep{}).runs, 0);
}

TEST_F(SweepLifeTest, CancelEndsShardsThatNobodyElseAwaits) {
  ASSERT_TRUE(IsOk(harness_.Submit(MakeSweepSpec("other", {"rnn"}, {1}), manifest_)));
  Must(CancelSweep{});
  EXPECT_EQ(Phase(1), JobPhase::kReady) << "sweep other waits for it";
  Must(CancelSweep{}, "other");
  EXPECT_EQ(Phase(1), JobPhase::kCancelled);
}

TEST_F(SweepLifeTest, RetryBringsCancelledRunsAndTheirFeaturesBack) {
  Must(CancelSweep{});
  EXPECT_EQ(Phase(1), JobPhase::kCancelled);
  EXPECT_EQ(Must(RetrySweep{true}).runs, 0) << "none has failed";
  EXPECT_EQ(Must(RetrySweep{false}).runs, 3);
  EXPECT_EQ(Phase(1), JobPhase::kReady);
  EXPECT_EQ(Phase(2), JobPhase::kBlocked);
  FinishShard();
  EXPECT_THAT(harness_.JobsIn(JobPhase::kReady), SizeIs(3));
}

TEST_F(SweepLifeTest, RetryGivesFailedRunsNewLimitsAndGoesOnCounting) {
  FinishShard();
  auto grants = Lease();
  worker_.Start(grants[0].attempt);
  worker_.Break(grants[0].attempt, FailureClass::kBadConfig);
  const JobId failed = grants[0].attempt.job;
  ASSERT_EQ(Phase(failed.value), JobPhase::kFailed);
  EXPECT_EQ(Must(RetrySweep{true}).runs, 1);
  EXPECT_EQ(Phase(failed.value), JobPhase::kReady);
  EXPECT_EQ(harness_.Job(failed).last_attempt, 1);
  EXPECT_EQ(harness_.Job(failed).tally, FailureTally{});
}

TEST_F(SweepLifeTest, RetryRestoresRunsThatFailedByTheirFeatures) {
  const auto grants = Lease();
  worker_.Start(grants[0].attempt);
  worker_.Break(grants[0].attempt, FailureClass::kBadData);
  ASSERT_THAT(harness_.JobsIn(JobPhase::kFailed), SizeIs(4));
  EXPECT_EQ(Must(RetrySweep{true}).runs, 3);
  EXPECT_EQ(Phase(1), JobPhase::kReady);
  EXPECT_THAT(harness_.JobsIn(JobPhase::kBlocked), SizeIs(3));
}

TEST_F(SweepLifeTest, SucceededRunsAreNeverDoneAgain) {
  FinishShard();
  const auto grants = Lease();
  worker_.Start(grants[0].attempt);
  worker_.Finish(grants[0].attempt);
  Must(CancelSweep{});
  Must(RetrySweep{false});
  EXPECT_EQ(Phase(grants[0].attempt.job.value), JobPhase::kSucceeded);
}

TEST_F(SweepLifeTest, PauseGivesNoNewLeasesAndLetsWhatRunsEnd) {
  FinishShard();
  const auto grants = Lease();
  worker_.Start(grants[0].attempt);
  Must(PauseSweep{});
  worker_.Finish(grants[0].attempt);
  worker_.Heartbeat();
  EXPECT_THAT(Lease(), IsEmpty());
  EXPECT_EQ(Phase(grants[0].attempt.job.value), JobPhase::kSucceeded);
  harness_.Restart();
  worker_.Connect();
  EXPECT_THAT(Lease(), IsEmpty()) << "a pause outlives a restart";
  Must(ResumeSweep{});
  EXPECT_THAT(Lease(), SizeIs(1));
}

TEST_F(SweepLifeTest, APausedSweepHoldsUpNoSharedFeatures) {
  ASSERT_TRUE(IsOk(harness_.Submit(MakeSweepSpec("other", {"rnn"}, {1}), manifest_)));
  Must(SetSweepPriority{5});
  Must(PauseSweep{});
  EXPECT_THAT(Lease(), SizeIs(1)) << "the shard is done for sweep other";
}

TEST_F(SweepLifeTest, PriorityDecidesWhoGoesFirst) {
  FinishShard();
  ASSERT_TRUE(IsOk(harness_.Submit(MakeSweepSpec("other", {"rnn"}, {1}), manifest_)));
  Must(SetSweepPriority{1}, "other");
  const auto grants = Lease();
  ASSERT_THAT(grants, SizeIs(2));
  EXPECT_EQ(harness_.Job(grants[0].attempt.job).sweep, SweepId{2});
  // Submitting the file again would put it back; the stored specification says what holds now.
  EXPECT_THAT(harness_.stored.sweeps.at({2}).spec_json, testing::HasSubstr("\"priority\":1"));
}

TEST_F(SweepLifeTest, DeleteRefusesWhileAttemptsRun) {
  FinishShard();
  ASSERT_THAT(Lease(), SizeIs(2));
  EXPECT_TRUE(FailsWith(harness_.Change("base", DeleteSweep{}), ErrorCode::kFailedPrecondition,
                        "2 attempts run; cancel it first"));
}

TEST_F(SweepLifeTest, DeleteTakesRunsAndResultsAndFreesTheName) {
  FinishShard();
  const auto grants = Lease();
  worker_.Start(grants[0].attempt);
  worker_.Finish(grants[0].attempt);
  worker_.Start(grants[1].attempt);
  worker_.Finish(grants[1].attempt);
  EXPECT_EQ(Must(DeleteSweep{}).runs, 3);
  EXPECT_THAT(harness_.stored.jobs, SizeIs(1)) << "only the shard is left";
  EXPECT_THAT(harness_.stored.results, SizeIs(1));
  EXPECT_TRUE(FailsWith(harness_.Change("base", CancelSweep{}), ErrorCode::kNotFound, "base"));
  harness_.Restart();
  const auto again = harness_.Submit(spec_, manifest_);
  ASSERT_TRUE(IsOk(again));
  EXPECT_TRUE(again->created);
  EXPECT_EQ(again->preprocess_jobs_added, 0) << "the features are everybody's";
  EXPECT_THAT(harness_.JobsIn(JobPhase::kReady), SizeIs(3));
  // A number is never given again: a worker may still speak of the old one.
  EXPECT_EQ(harness_.JobsIn(JobPhase::kReady)[0], JobId{5});
}

TEST_F(SweepLifeTest, PruneTakesRunsThatTheFileNoLongerNames) {
  FinishShard();
  const auto grants = Lease();
  ASSERT_THAT(grants, SizeIs(2));
  const SweepSpec smaller = MakeSweepSpec("base", {"cnn"}, {3});
  const auto dry = harness_.Submit(smaller, manifest_, SubmitMode::kDryRun, true);
  ASSERT_TRUE(IsOk(dry));
  EXPECT_EQ(dry->runs_no_longer_named, 2);
  EXPECT_EQ(dry->runs_removed, 0);
  EXPECT_THAT(harness_.stored.jobs, SizeIs(4));
  const auto report = harness_.Submit(smaller, manifest_, SubmitMode::kApply, true);
  ASSERT_TRUE(IsOk(report));
  EXPECT_EQ(report->runs_removed, 2);
  EXPECT_THAT(harness_.stored.jobs, SizeIs(2));
  EXPECT_FALSE(report->drops.empty());
  // What the worker still says about them is acknowledged and forgotten.
  worker_.Send(worker_.MakeEvent(grants[0].attempt, TrainResult(0.5)));
  EXPECT_THAT(harness_.stored.results, SizeIs(1));
}

TEST_F(SweepLifeTest, OneJobCanBeCancelled) {
  const auto drops = harness_.CancelJob({3});
  ASSERT_TRUE(IsOk(drops));
  EXPECT_EQ(Phase(3), JobPhase::kCancelled);
  EXPECT_EQ(Phase(2), JobPhase::kBlocked);
  EXPECT_TRUE(FailsWith(harness_.CancelJob({3}), ErrorCode::kFailedPrecondition, "ended already"));
  EXPECT_TRUE(FailsWith(harness_.CancelJob({99}), ErrorCode::kNotFound, "no job 99"));
}

}  // namespace
}  // namespace tutti
