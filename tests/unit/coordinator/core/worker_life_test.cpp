// Drained workers, and datasets that are deleted.
#include "coordinator/core/worker_life.h"

#include <gtest/gtest.h>

#include "tests/support/core_harness.h"
#include "tests/support/result_matchers.h"

namespace tutti {
namespace {

class WorkerLifeTest : public testing::Test {
 protected:
  WorkerLifeTest() {
    EXPECT_TRUE(IsOk(
        harness_.Submit(MakeSweepSpec("base", {"cnn"}, {1}), MakeManifest(40, {"blues", "rock"}))));
  }
  Status Drain(const std::string& worker) {
    const auto report = harness_.ChangeWorker(worker, WorkerChange::kDrain);
    return report.ok() ? Status() : Status(report.error());
  }

  CoreHarness harness_{{.tracks_per_shard = 20}};
  ScriptedWorker a_{harness_, "a", 4};
};

TEST_F(WorkerLifeTest, ADrainedWorkerGetsNothingUntilItIsUndrained) {
  a_.Connect();
  const auto drained = harness_.ChangeWorker("name of a", WorkerChange::kDrain);
  ASSERT_TRUE(IsOk(drained));
  EXPECT_TRUE(drained->changed);
  EXPECT_EQ(drained->id, a_.id());
  EXPECT_TRUE(harness_.Schedule().empty());
  EXPECT_TRUE(IsOk(harness_.ChangeWorker("a", WorkerChange::kUndrain)));
  EXPECT_EQ(harness_.Schedule().size(), 2U);
  const auto kinds = harness_.stored.EventKinds();
  EXPECT_EQ(std::ranges::count(kinds, "worker_drained"), 1);
  EXPECT_EQ(std::ranges::count(kinds, "worker_undrained"), 1);
}

TEST_F(WorkerLifeTest, ADrainOutlivesBothTheWorkersSessionAndTheCoordinator) {
  a_.Connect();
  ASSERT_TRUE(IsOk(Drain("a")));
  harness_.Restart();
  EXPECT_TRUE(a_.Connect().drain) << "its new session is told at once";
  EXPECT_TRUE(harness_.Schedule().empty());
  EXPECT_FALSE(a_.Heartbeat().drain) << "later frames say nothing new";
}

TEST_F(WorkerLifeTest, AWorkerThatIsAwayCanBeDrained) {
  a_.Connect();
  harness_.Disconnect(a_.id(), a_.session);
  ASSERT_TRUE(IsOk(Drain("a")));
  EXPECT_TRUE(a_.Connect().drain);
}

TEST_F(WorkerLifeTest, TheSameAgainChangesNothing) {
  a_.Connect();
  ASSERT_TRUE(IsOk(Drain("a")));
  const auto again = harness_.ChangeWorker("a", WorkerChange::kDrain);
  ASSERT_TRUE(IsOk(again));
  EXPECT_FALSE(again->changed);
  EXPECT_TRUE(harness_.last_changes().empty());
}

TEST_F(WorkerLifeTest, AnUnknownNameAndOneThatSeveralHaveAreRefused) {
  a_.Connect();
  ScriptedWorker twin(harness_, "b", 1);
  twin.Connect();
  WorkerFrame frame = twin.NextFrame();
  frame.session = ++twin.session;
  frame.hello = WorkerHello{"name of a", "host", "1", 1, 1, {JobKind::kTrain}};
  ASSERT_TRUE(IsOk(harness_.Frame(frame)));
  EXPECT_TRUE(
      FailsWith(Drain("name of a"), ErrorCode::kFailedPrecondition, "give the id of one: a, b"));
  EXPECT_TRUE(FailsWith(Drain("nobody"), ErrorCode::kNotFound, "no worker is named \"nobody\""));
  EXPECT_TRUE(IsOk(Drain("b")));
}

TEST_F(WorkerLifeTest, ADatasetInUseIsNotDeletedAndTheSweepsAreNamed) {
  EXPECT_TRUE(FailsWith(harness_.DeleteDataset("music"), ErrorCode::kFailedPrecondition,
                        "in use by: base;"));
  ASSERT_TRUE(IsOk(harness_.Change("base", DeleteSweep{})));
  EXPECT_TRUE(IsOk(harness_.DeleteDataset("music")));
  EXPECT_TRUE(harness_.stored.datasets.empty());
  EXPECT_TRUE(FailsWith(harness_.DeleteDataset("music"), ErrorCode::kNotFound, "no dataset"));
}

TEST_F(WorkerLifeTest, ASweepOverADatasetThatWasDeletedMeanwhileIsRefused) {
  ASSERT_TRUE(IsOk(harness_.Change("base", DeleteSweep{})));
  ASSERT_TRUE(IsOk(harness_.DeleteDataset("music")));
  Changes changes;
  const auto report =
      harness_.core().Submit({MakeSweepSpec("late", {"cnn"}, {1}), "", "version",
                              MakeManifest(40, {"blues", "rock"}), SubmitMode::kApply, false},
                             harness_.Now(), changes);
  EXPECT_TRUE(FailsWith(report, ErrorCode::kAborted, "was deleted while this was submitted"));
  EXPECT_TRUE(changes.empty());
}

TEST_F(WorkerLifeTest, RegisteringTheSameVersionAgainChangesNothing) {
  const DatasetRecord music = harness_.stored.datasets.at("music");
  EXPECT_FALSE(harness_.Register(music));
  EXPECT_TRUE(harness_.last_changes().empty());
  harness_.Restart();
  EXPECT_FALSE(harness_.Register(music));
  DatasetRecord newer = music;
  newer.version = "another";
  EXPECT_TRUE(harness_.Register(newer));
}

}  // namespace
}  // namespace tutti
