#include "coordinator/core/restore.h"

#include <chrono>
#include <functional>

#include <gtest/gtest.h>

#include "coordinator/core/invariants.h"
#include "tests/support/core_harness.h"
#include "tests/support/result_matchers.h"

namespace tutti {
namespace {

using std::chrono::seconds;

// A sweep whose features are there; one run is running on worker a, one is ready.
class RestoreTest : public testing::Test {
 protected:
  RestoreTest() {
    EXPECT_TRUE(IsOk(harness_.Submit(spec_, manifest_)));
    worker_.Connect();
    worker_.Take(harness_.Schedule());
    worker_.Start({{1}, 1});
    worker_.Finish({{1}, 1});
    worker_.Heartbeat();
    worker_.Take(harness_.Schedule());
    worker_.Start({{2}, 1});
  }

  // The stored rows after `spoil`, restored.
  Result<std::unique_ptr<Core>> RestoreSpoiled(const std::function<void(StoredState&)>& spoil) {
    StoredState state = harness_.stored.Load();
    spoil(state);
    return Core::Restore({}, state, harness_.Now());
  }

  const SweepSpec spec_ = MakeSweepSpec("base", {"cnn"}, {1, 2});
  const Manifest manifest_ = MakeManifest(40, {"blues", "rock"});
  CoreHarness harness_{{.tracks_per_shard = 64}};
  ScriptedWorker worker_{harness_, "a", 1};
};

TEST_F(RestoreTest, ALiveLeaseGetsOneFullPeriod) {
  harness_.clock.Advance(seconds(29));
  harness_.Restart();
  EXPECT_EQ(harness_.core().NextDeadline(), harness_.clock.SteadyNow() + seconds(30));
}

TEST_F(RestoreTest, WorkersAreThereAndNotConnected) {
  harness_.Restart();
  const auto workers = harness_.core().Workers();
  ASSERT_EQ(workers.size(), 1U);
  EXPECT_FALSE(workers[0].connected);
  EXPECT_EQ(workers[0].live, (std::vector<AttemptKey>{{{2}, 1}}));
  EXPECT_TRUE(harness_.Schedule().empty());
}

TEST_F(RestoreTest, AWorkerGoesOnWhereItWas) {
  harness_.Restart();
  EXPECT_TRUE(FailsWith(harness_.Frame(worker_.NextFrame()), ErrorCode::kAborted, "no hello"));
  EXPECT_TRUE(worker_.Connect().drops.empty());
  worker_.Finish({{2}, 1});
  EXPECT_EQ(harness_.Job({2}).phase, JobPhase::kSucceeded);
  EXPECT_EQ(harness_.stored.results.at({2}).timings_seconds.at("queued"), 0.0);
}

TEST_F(RestoreTest, IdsGoOn) {
  harness_.Restart();
  const auto report = harness_.Submit(MakeSweepSpec("two", {"rnn"}, {1}), manifest_);
  ASSERT_TRUE(IsOk(report));
  EXPECT_EQ(report->sweep, SweepId{2});
  EXPECT_TRUE(harness_.stored.jobs.contains({4}));
}

TEST_F(RestoreTest, TheSameFileStillChangesNothing) {
  harness_.Restart();
  const auto report = harness_.Submit(spec_, manifest_);
  ASSERT_TRUE(IsOk(report));
  EXPECT_EQ(report->runs_already_there, 2);
  EXPECT_TRUE(harness_.last_changes().empty());
}

TEST_F(RestoreTest, RowsThatContradictEachOtherAreRefusedByName) {
  EXPECT_TRUE(FailsWith(RestoreSpoiled([](auto& state) { state.live_attempts.clear(); }),
                        ErrorCode::kDataLoss, "job 2 (running, attempt 1) has no open attempt"));
  EXPECT_TRUE(FailsWith(RestoreSpoiled([](auto& state) { state.workers.clear(); }),
                        ErrorCode::kDataLoss, "is live on worker a, which is not stored"));
  EXPECT_TRUE(FailsWith(RestoreSpoiled([](auto& state) { state.sweeps.clear(); }),
                        ErrorCode::kDataLoss, "its sweep is not there"));
  EXPECT_TRUE(FailsWith(RestoreSpoiled([](auto& state) { state.feature_sets.clear(); }),
                        ErrorCode::kDataLoss, "its feature set is not there"));
  EXPECT_TRUE(FailsWith(RestoreSpoiled([](auto& state) { state.jobs[1].worker.reset(); }),
                        ErrorCode::kDataLoss, "stored job 2 (running): it has no worker"));
  EXPECT_TRUE(FailsWith(RestoreSpoiled([](auto& state) { state.jobs[0].config_json = "{}"; }),
                        ErrorCode::kDataLoss, "stored job 1 (succeeded)"));
  EXPECT_TRUE(FailsWith(RestoreSpoiled([](auto& state) { state.jobs[2].key = "k"; }),
                        ErrorCode::kDataLoss, "its key is no SHA-256"));
  EXPECT_TRUE(FailsWith(RestoreSpoiled([](auto& state) { state.jobs.push_back(state.jobs[2]); }),
                        ErrorCode::kDataLoss, "it is there twice"));
  EXPECT_TRUE(
      FailsWith(RestoreSpoiled([](auto& state) { state.feature_sets[0].shard_jobs = {{9}}; }),
                ErrorCode::kDataLoss, "names job 9, which is no preprocess job"));
  EXPECT_TRUE(FailsWith(
      RestoreSpoiled([](auto& state) { state.jobs[2].phase = JobPhase::kBlocked; }),
      ErrorCode::kDataLoss, "job 3 (blocked, attempt 0) is blocked, and its features are there"));
  EXPECT_TRUE(FailsWith(RestoreSpoiled([](auto& state) { state.live_attempts[0].attempt = 4; }),
                        ErrorCode::kDataLoss, "stored attempt 4 of job 2 is running, its job is"));
}

// Each index and counter, spoilt by hand, is found out.
TEST_F(RestoreTest, TheInspectorSeesEveryCounterAndIndex) {
  const auto books = [&] { return *RestoreBooks({}, harness_.stored.Load(), harness_.Now()); };
  const auto violations = [&](const std::function<void(Books&)>& spoil) {
    Books spoilt = books();
    spoil(spoilt);
    return FindViolations(spoilt).size();
  };
  EXPECT_EQ(violations([](Books&) {}), 0U);
  EXPECT_EQ(violations([](Books& b) { ++b.sweeps.at({1}).live; }), 1U);
  EXPECT_EQ(violations([](Books& b) { ++b.feature_sets.at({1}).remaining; }), 3U)
      << "the counter, and two runs that should wait";
  EXPECT_EQ(violations([](Books& b) { ++b.feature_sets.at({1}).failed; }), 1U);
  EXPECT_EQ(violations([](Books& b) { b.feature_sets.at({1}).runs.pop_back(); }), 1U);
  EXPECT_EQ(violations([](Books& b) { b.deadlines.clear(); }), 2U);
  EXPECT_EQ(violations([](Books& b) { b.workers.begin()->second.live.clear(); }), 2U);
  EXPECT_EQ(violations([](Books& b) { b.sweeps.at({1}).ready[1].Clear(); }), 2U);
  EXPECT_EQ(violations([](Books& b) { b.attempts.begin()->second.row.worker.value = "b"; }), 1U);
  EXPECT_EQ(violations([](Books& b) { b.jobs.at({3}).key = b.jobs.at({2}).key; }), 1U)
      << "a run twice in its sweep";
  EXPECT_EQ(violations([](Books& b) {
              OpenAttempt twin = b.attempts.begin()->second;
              twin.row.attempt = 2;
              b.attempts[{{2}, 2}] = twin;
            }),
            4U)
      << "a second live attempt of a job: beside the live one, never granted, and two totals";
}

TEST(Job, AMillionFitInMemory) {
  EXPECT_LE(sizeof(Job), 168U);
}

}  // namespace
}  // namespace tutti
