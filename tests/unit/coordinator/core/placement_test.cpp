// Which of several workers a job goes to: data roots, shards that are there, earlier attempts.
#include <chrono>

#include <gtest/gtest.h>

#include "common/hash.h"
#include "coordinator/core/fitness.h"
#include "coordinator/core/scheduler.h"
#include "tests/support/core_harness.h"
#include "tests/support/result_matchers.h"

namespace tutti {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class PlacementTest : public testing::Test {
 protected:
  void Submit(const Manifest& manifest, std::int64_t runs) {
    std::vector<std::int64_t> seeds;
    for (std::int64_t seed = 1; seed <= runs; ++seed) seeds.push_back(seed);
    EXPECT_TRUE(IsOk(harness_.Submit(MakeSweepSpec("base", {"cnn"}, seeds), manifest)));
  }
  std::vector<Grant> Schedule() {
    const auto grants = harness_.Schedule();
    for (ScriptedWorker* worker : {&a_, &b_}) worker->Take(grants);
    return grants;
  }
  // The shard is made on this worker.
  void MakeShard(ScriptedWorker& worker) {
    worker.Connect();
    const auto grants = Schedule();
    ASSERT_EQ(grants.size(), 1U);
    worker.Start(grants[0].attempt);
    worker.Finish(grants[0].attempt);
    worker.Heartbeat();
  }
  // The only grant's worker.
  WorkerId Next() {
    const auto grants = Schedule();
    EXPECT_EQ(grants.size(), 1U);
    return grants.empty() ? WorkerId{} : grants[0].worker;
  }

  CoreHarness harness_{{.tracks_per_shard = 64}};
  const Manifest manifest_ = MakeManifest(40, {"blues", "rock"});
  ScriptedWorker a_{harness_, "a", 1};
  ScriptedWorker b_{harness_, "b", 1};
};

TEST_F(PlacementTest, FilesInPlaceAreReadOnlyByWorkersThatCanOpenTheirFolder) {
  Manifest in_place = manifest_;
  in_place.in_place_root = "/data/music";
  Submit(in_place, 1);
  a_.data_roots = {"/data/other"};
  a_.Connect();
  EXPECT_TRUE(Schedule().empty());
  b_.data_roots = {"/data/music"};
  b_.Connect();
  EXPECT_EQ(Next(), b_.id());
}

TEST_F(PlacementTest, TheFolderThatAJobNeedsIsKnownAfterARestart) {
  Manifest in_place = manifest_;
  in_place.in_place_root = "/data/music";
  Submit(in_place, 1);
  harness_.Restart();
  a_.Connect();
  EXPECT_TRUE(Schedule().empty());
}

// The shard does not need one, and is made meanwhile.
TEST_F(PlacementTest, APrecisionOfGpusGoesToAWorkerThatHasOneAlsoAfterARestart) {
  SweepSpec spec = MakeSweepSpec("base", {"cnn"}, {1});
  spec.options["precision"] = "bf16";
  EXPECT_TRUE(IsOk(harness_.Submit(spec, manifest_)));
  MakeShard(a_);
  EXPECT_TRUE(Schedule().empty());
  harness_.Restart();
  a_.Connect();
  EXPECT_TRUE(Schedule().empty());
  b_.devices = {"cuda:0"};
  b_.Connect();
  EXPECT_EQ(Next(), b_.id());
}

TEST_F(PlacementTest, OtherJobsGoToAWorkerThatCannotOpenAFolder) {
  Manifest in_place = MakeManifest(40, {"blues", "rock"}, "in place");
  in_place.in_place_root = "/data/music";
  Submit(in_place, 1);
  SweepSpec other = MakeSweepSpec("other", {"cnn"}, {1});
  EXPECT_TRUE(IsOk(harness_.Submit(other, manifest_)));
  a_.Connect();
  const auto grants = Schedule();
  ASSERT_EQ(grants.size(), 1U);
  EXPECT_EQ(harness_.Job(grants[0].attempt.job).sweep, SweepId{2});
}

TEST_F(PlacementTest, ARunGoesToTheWorkerThatMadeItsShard) {
  Submit(manifest_, 1);
  MakeShard(b_);
  a_.slots = 8;  // it would be first by its free slots
  a_.Connect();
  EXPECT_EQ(Next(), b_.id());
}

TEST_F(PlacementTest, ARunGoesToTheWorkerThatSaysItHasTheShard) {
  Submit(manifest_, 1);
  MakeShard(b_);
  harness_.Restart();
  a_.cached_blobs = {Sha256Hex("a shard")};
  a_.Connect();
  b_.Connect();  // says nothing of it: it has let the shard go
  EXPECT_EQ(Next(), a_.id());
}

TEST_F(PlacementTest, AWorkerThatRunsARunHasItsShardsFromThenOn) {
  Submit(manifest_, 2);
  MakeShard(a_);
  b_.Connect();
  const auto both = Schedule();
  ASSERT_EQ(both.size(), 2U) << "nobody stays idle for a preference";
  for (const Grant& grant : both) {
    if (grant.worker != b_.id()) continue;
    b_.Start(grant.attempt);
    b_.Finish(grant.attempt);
  }
  a_.Return(a_.held().front());
  harness_.Disconnect(a_.id(), a_.session);
  ScriptedWorker c(harness_, "c", 5);
  c.Connect();
  b_.Heartbeat();
  EXPECT_EQ(Next(), b_.id());
}

TEST_F(PlacementTest, AMillionRunsOfOtherFeaturesAreNotLookedAtForTheFewThatFit) {
  EXPECT_EQ(kLookedAtForShards, 64U);
  SweepSpec spec = MakeSweepSpec("base", {"cnn"}, {});
  std::vector<std::int64_t> seeds;
  for (std::int64_t seed = 1; seed <= 100; ++seed) seeds.push_back(seed);
  spec = MakeSweepSpec("base", {"cnn"}, seeds);
  spec.options["slice_seconds"] = 10;  // the more expensive ones, so they come first
  EXPECT_TRUE(IsOk(harness_.Submit(spec, manifest_)));
  MakeShard(a_);
  EXPECT_EQ(Schedule().size(), 1U);
}

TEST_F(PlacementTest, WorkersWithAGpuChooseFirst) {
  Submit(manifest_, 1);
  MakeShard(b_);
  a_.devices = {"cuda:0"};
  a_.Connect();
  EXPECT_EQ(Next(), a_.id()) << "the shard is fetched in seconds";
}

TEST_F(PlacementTest, ARunThatBrokeIsTriedElsewhereFirst) {
  Submit(manifest_, 1);
  MakeShard(a_);
  b_.Connect();
  ASSERT_EQ(Next(), a_.id());
  const AttemptKey attempt = a_.held().front();
  a_.Start(attempt);
  a_.Break(attempt, FailureClass::kCrashed);
  a_.Heartbeat();
  EXPECT_EQ(Next(), b_.id());
}

TEST_F(PlacementTest, ARunThatBrokeOnTheOnlyWorkerIsTriedThereAgain) {
  Submit(manifest_, 1);
  MakeShard(a_);
  ASSERT_EQ(Next(), a_.id());
  const AttemptKey attempt = a_.held().front();
  a_.Start(attempt);
  a_.Break(attempt, FailureClass::kCrashed);
  a_.Heartbeat();
  EXPECT_EQ(Next(), a_.id());
}

TEST_F(PlacementTest, ARunWaitsForABusyOtherWorkerOnlySoLong) {
  Submit(manifest_, 2);
  MakeShard(a_);
  b_.Connect();
  ASSERT_EQ(Schedule().size(), 2U);
  const AttemptKey attempt = a_.held().front();
  a_.Start(attempt);
  a_.Break(attempt, FailureClass::kCrashed);
  a_.Heartbeat();
  EXPECT_TRUE(Schedule().empty()) << "b is busy, and may take it soon";
  harness_.clock.Advance(kRetryPlaceLimit - milliseconds(1));
  EXPECT_TRUE(Schedule().empty());
  harness_.clock.Advance(milliseconds(1));
  EXPECT_EQ(Next(), a_.id());
}

TEST_F(PlacementTest, AnInterruptedRunGoesBackToItsWorkerFirst) {
  Submit(manifest_, 1);
  MakeShard(a_);
  b_.slots = 8;
  b_.Connect();
  ASSERT_EQ(Next(), a_.id());
  const AttemptKey attempt = a_.held().front();
  a_.Start(attempt);
  a_.cached_blobs.clear();  // nothing else speaks for it
  a_.Forget(attempt);
  a_.Connect();  // its daemon was started anew
  EXPECT_EQ(Next(), a_.id());
}

TEST_F(PlacementTest, AnInterruptedRunDoesNotWaitForAWorkerThatIsAwayOrDrained) {
  Submit(manifest_, 1);
  MakeShard(a_);
  b_.Connect();
  ASSERT_EQ(Next(), a_.id());
  a_.Start(a_.held().front());
  EXPECT_TRUE(IsOk(harness_.ChangeWorker("a", WorkerChange::kDrain)));
  a_.Return(a_.held().front());
  EXPECT_EQ(Next(), b_.id());
}

TEST_F(PlacementTest, AnExpiredRunGoesToAnotherWorkerThanTheSilentOne) {
  Submit(manifest_, 1);
  MakeShard(a_);
  ASSERT_EQ(Next(), a_.id());
  a_.Start(a_.held().front());
  b_.Connect();
  harness_.clock.Advance(seconds(31));
  harness_.Expire();
  EXPECT_EQ(Next(), b_.id());
}

}  // namespace
}  // namespace tutti
