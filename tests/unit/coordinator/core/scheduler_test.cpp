#include "coordinator/core/scheduler.h"

#include <gtest/gtest.h>

#include "tests/support/core_harness.h"
#include "tests/support/result_matchers.h"

namespace tutti {
namespace {

class SchedulerTest : public testing::Test {
 protected:
  SweepId Submit(const SweepSpec& spec) {
    const auto report = harness_.Submit(spec, manifest_);
    EXPECT_TRUE(IsOk(report));
    return report.ok() ? report->sweep : SweepId{};
  }

  // Does every preprocess job on a worker that does nothing else.
  void Preprocess() {
    ScriptedWorker worker(harness_, "preparer", 100, {JobKind::kPreprocess});
    worker.Connect();
    const auto grants = harness_.Schedule();
    worker.Take(grants);
    for (const Grant& grant : grants) {
      worker.Start(grant.attempt);
      worker.Finish(grant.attempt);
    }
    harness_.Disconnect(worker.id(), worker.session);
  }

  std::vector<std::string> ModelsOf(const std::vector<Grant>& grants) const {
    std::vector<std::string> models;
    for (const Grant& grant : grants) {
      models.push_back(Json::parse(harness_.Job(grant.attempt.job).config_json)["model"]);
    }
    return models;
  }
  std::vector<SweepId> SweepsOf(const std::vector<Grant>& grants) const {
    std::vector<SweepId> sweeps;
    for (const Grant& grant : grants) sweeps.push_back(harness_.Job(grant.attempt.job).sweep);
    return sweeps;
  }

  CoreHarness harness_{{.tracks_per_shard = 20}};
  const Manifest manifest_ = MakeManifest(40, {"blues", "rock"});
};

TEST_F(SchedulerTest, TheLongestExpectedRunGoesFirst) {
  Submit(MakeSweepSpec("base", {"rnn", "cnn", "crnn1d", "crnn2d"}, {1}));
  Preprocess();
  ScriptedWorker worker(harness_, "a", 4);
  worker.Connect();
  EXPECT_EQ(ModelsOf(harness_.Schedule()),
            (std::vector<std::string>{"cnn", "crnn2d", "crnn1d", "rnn"}));
}

TEST_F(SchedulerTest, HigherPriorityGoesBeforeEverything) {
  const SweepId low = Submit(MakeSweepSpec("low", {"cnn"}, {1, 2}));
  SweepSpec urgent = MakeSweepSpec("high", {"rnn"}, {1, 2});
  urgent.operational.priority = 5;
  const SweepId high = Submit(urgent);
  Preprocess();
  ScriptedWorker worker(harness_, "a", 3);
  worker.Connect();
  EXPECT_EQ(SweepsOf(harness_.Schedule()), (std::vector<SweepId>{high, high, low}));
}

TEST_F(SchedulerTest, AChangedPriorityHoldsForWhatIsNotYetGranted) {
  const SweepId one = Submit(MakeSweepSpec("one", {"cnn"}, {1, 2, 3}));
  SweepSpec spec = MakeSweepSpec("two", {"cnn"}, {1, 2, 3});
  const SweepId two = Submit(spec);
  Preprocess();
  spec.operational.priority = 1;
  Submit(spec);
  ScriptedWorker worker(harness_, "a", 4);
  worker.Connect();
  EXPECT_EQ(SweepsOf(harness_.Schedule()), (std::vector<SweepId>{two, two, two, one}));
}

TEST_F(SchedulerTest, SweepsOfOnePriorityShareFairly) {
  const SweepId one = Submit(MakeSweepSpec("one", {"cnn"}, {1, 2, 3, 4, 5, 6}));
  Preprocess();
  ScriptedWorker first(harness_, "a", 3);
  first.Connect();
  EXPECT_EQ(harness_.Schedule().size(), 3U);
  const SweepId two = Submit(MakeSweepSpec("two", {"rnn"}, {1, 2, 3, 4, 5, 6}));
  ScriptedWorker second(harness_, "b", 5);
  second.Connect();
  // The newcomer catches up to three live leases, then they take turns.
  EXPECT_EQ(SweepsOf(harness_.Schedule()), (std::vector<SweepId>{two, two, two, one, two}));
}

TEST_F(SchedulerTest, PreprocessingGoesFirstWithinASweep) {
  SweepSpec spec = MakeSweepSpec("base", {"cnn"}, {1, 2});
  spec.options["features"]["n_mels"] = nullptr;
  spec.axes.push_back({"features.n_mels", {128}});
  Submit(spec);
  Preprocess();
  spec.axes.back().values = {64, 128};
  Submit(spec);
  ScriptedWorker worker(harness_, "a", 2);
  worker.Connect();
  const auto grants = harness_.Schedule();
  ASSERT_EQ(grants.size(), 2U);
  for (const Grant& grant : grants) {
    EXPECT_EQ(harness_.Job(grant.attempt.job).kind, JobKind::kPreprocess);
  }
}

TEST_F(SchedulerTest, AShardIsDoneForTheMostUrgentSweepThatWaitsForIt) {
  Submit(MakeSweepSpec("low", {"cnn"}, {1}));  // makes the shards of its dataset
  SweepSpec middle = MakeSweepSpec("middle", {"cnn"}, {1});
  middle.options["features"]["n_mels"] = 64;
  middle.operational.priority = 3;
  Submit(middle);
  SweepSpec urgent = MakeSweepSpec("urgent", {"cnn"}, {1});
  urgent.operational.priority = 9;  // waits for the shards that "low" made
  Submit(urgent);
  ScriptedWorker worker(harness_, "a", 2);
  worker.Connect();
  const auto grants = harness_.Schedule();
  ASSERT_EQ(grants.size(), 2U);
  EXPECT_EQ(grants[0].attempt.job, JobId{1});
  EXPECT_EQ(grants[1].attempt.job, JobId{2});
}

TEST_F(SchedulerTest, AWorkerGetsOnlyTheKindsThatItOffers) {
  Submit(MakeSweepSpec("base", {"cnn"}, {1}));
  ScriptedWorker trainer(harness_, "a", 4, {JobKind::kTrain});
  trainer.Connect();
  EXPECT_TRUE(harness_.Schedule().empty());
  Preprocess();
  const auto grants = harness_.Schedule();
  ASSERT_EQ(grants.size(), 1U);
  EXPECT_EQ(grants[0].worker, trainer.id());
}

TEST_F(SchedulerTest, ADrainingWorkerGetsNothing) {
  Submit(MakeSweepSpec("base", {"cnn"}, {1}));
  ScriptedWorker worker(harness_, "a", 4);
  worker.draining = true;
  worker.Connect();
  EXPECT_TRUE(harness_.Schedule().empty());
  worker.draining = false;
  worker.Heartbeat();
  EXPECT_EQ(harness_.Schedule().size(), 2U);
}

TEST_F(SchedulerTest, LeasesOnTheirWayTakeSlotsToo) {
  Submit(MakeSweepSpec("base", {"cnn"}, {1}));
  ScriptedWorker worker(harness_, "a", 1);
  worker.Connect();
  const auto grants = harness_.Schedule();
  ASSERT_EQ(grants.size(), 1U);
  worker.Heartbeat();  // sent before the grant came: one slot free, nothing held
  EXPECT_TRUE(harness_.Schedule().empty());
  worker.Take(grants);
  worker.Heartbeat();
  EXPECT_TRUE(harness_.Schedule().empty());
  worker.Start(grants[0].attempt);
  worker.Finish(grants[0].attempt);
  EXPECT_TRUE(harness_.Schedule().empty()) << "its frame said that the slot is still taken";
  worker.Heartbeat();
  EXPECT_EQ(harness_.Schedule().size(), 1U);
}

TEST_F(SchedulerTest, JobsAreSpreadOverTheWorkersWithMostFreeSlots) {
  Submit(MakeSweepSpec("base", {"cnn"}, {1, 2, 3, 4}));
  Preprocess();
  ScriptedWorker small(harness_, "a", 1);
  ScriptedWorker big(harness_, "b", 3);
  small.Connect();
  big.Connect();
  std::map<WorkerId, int> granted;
  for (const Grant& grant : harness_.Schedule()) ++granted[grant.worker];
  EXPECT_EQ(granted[small.id()], 1);
  EXPECT_EQ(granted[big.id()], 3);
}

}  // namespace
}  // namespace tutti
