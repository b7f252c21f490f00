#include "coordinator/core/submit.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "common/hash.h"
#include "tests/support/core_harness.h"
#include "tests/support/result_matchers.h"

namespace tutti {
namespace {

const std::vector<std::string> kClasses = {"blues", "rock"};

class SubmitTest : public testing::Test {
 protected:
  explicit SubmitTest(std::size_t tracks_per_shard = 16)
      : harness_({.tracks_per_shard = tracks_per_shard}) {}

  SubmitReport Must(const SweepSpec& spec, const Manifest& manifest) {
    Result<SubmitReport> report = harness_.Submit(spec, manifest);
    EXPECT_TRUE(IsOk(report));
    return report.ok() ? *report : SubmitReport{};
  }

  CoreHarness harness_;
  const Manifest manifest_ = MakeManifest(40, kClasses);
};

class OneShardTest : public SubmitTest {
 protected:
  OneShardTest() : SubmitTest(64) {}
};

TEST_F(SubmitTest, MakesAJobPerShardAndABlockedJobPerRun) {
  const SubmitReport report = Must(MakeSweepSpec("base", {"cnn", "rnn"}, {1, 2, 3}), manifest_);
  EXPECT_TRUE(report.created);
  EXPECT_EQ(report.runs_planned, 6);
  EXPECT_EQ(report.runs_added, 6);
  EXPECT_EQ(report.preprocess_jobs_added, 3);  // 16 + 16 + 8 tracks
  EXPECT_EQ(harness_.JobsIn(JobPhase::kReady).size(), 3U);
  EXPECT_EQ(harness_.JobsIn(JobPhase::kBlocked).size(), 6U);
  ASSERT_EQ(harness_.stored.feature_sets.size(), 1U);
  const FeatureSetRecord& set = harness_.stored.feature_sets.begin()->second;
  EXPECT_EQ(set.shard_jobs, (std::vector<JobId>{{1}, {2}, {3}}));
  EXPECT_EQ(set.spec_hash, Sha256Hex(set.spec_json));
  EXPECT_EQ(harness_.Job({4}).feature_set, set.id);
}

TEST_F(SubmitTest, APreprocessJobKnowsItsTracksAndWhereTheyBegin) {
  Must(MakeSweepSpec("base", {"cnn"}, {1}), manifest_);
  const JobRecord& third = harness_.Job({3});
  EXPECT_EQ(third.kind, JobKind::kPreprocess);
  const Json config = Json::parse(third.config_json);
  EXPECT_EQ(config["first_track"], 32);
  ASSERT_EQ(config["content_hashes"].size(), 8U);
  EXPECT_EQ(config["content_hashes"][0], manifest_.tracks[32].content_hash);
  EXPECT_EQ(config["feature_spec"]["n_mels"], 128);
  EXPECT_EQ(third.config_json.find('\n'), std::string::npos);
}

TEST_F(SubmitTest, TheSameFileAgainChangesNothing) {
  const SweepSpec spec = MakeSweepSpec("base", {"cnn"}, {1, 2});
  Must(spec, manifest_);
  const SubmitReport again = Must(spec, manifest_);
  EXPECT_FALSE(again.created);
  EXPECT_EQ(again.runs_added, 0);
  EXPECT_EQ(again.runs_already_there, 2);
  EXPECT_TRUE(again.notes.empty());
  EXPECT_TRUE(harness_.last_changes().empty());
}

TEST_F(SubmitTest, ADryRunTellsTheSameAndChangesNothing) {
  const SweepSpec spec = MakeSweepSpec("base", {"cnn"}, {1, 2});
  const auto told = harness_.Submit(spec, manifest_, SubmitMode::kDryRun);
  ASSERT_TRUE(IsOk(told));
  EXPECT_TRUE(harness_.last_changes().empty());
  const SubmitReport done = Must(spec, manifest_);
  EXPECT_EQ(told->created, done.created);
  EXPECT_EQ(told->runs_planned, done.runs_planned);
  EXPECT_EQ(told->runs_added, done.runs_added);
  EXPECT_EQ(told->preprocess_jobs_added, done.preprocess_jobs_added);
  const auto again =
      harness_.Submit(MakeSweepSpec("base", {"cnn"}, {2, 3}), manifest_, SubmitMode::kDryRun);
  ASSERT_TRUE(IsOk(again));
  EXPECT_FALSE(again->created);
  EXPECT_EQ(again->runs_added, 1);
  EXPECT_EQ(again->runs_no_longer_named, 1);
  EXPECT_EQ(again->preprocess_jobs_added, 0);
}

TEST_F(SubmitTest, MoreValuesAddOnlyTheNewRuns) {
  const SubmitReport first = Must(MakeSweepSpec("base", {"cnn"}, {1, 2}), manifest_);
  const SubmitReport more = Must(MakeSweepSpec("base", {"cnn", "rnn"}, {1, 2, 3}), manifest_);
  EXPECT_EQ(more.sweep, first.sweep);
  EXPECT_EQ(more.runs_planned, 6);
  EXPECT_EQ(more.runs_added, 4);
  EXPECT_EQ(more.runs_already_there, 2);
  EXPECT_EQ(more.preprocess_jobs_added, 0);
}

TEST_F(SubmitTest, RemovedValuesAreReportedAndStay) {
  Must(MakeSweepSpec("base", {"cnn"}, {1, 2, 3}), manifest_);
  const std::size_t before = harness_.stored.jobs.size();
  const SubmitReport less = Must(MakeSweepSpec("base", {"cnn"}, {1}), manifest_);
  EXPECT_EQ(less.runs_no_longer_named, 2);
  ASSERT_EQ(less.notes.size(), 1U);
  EXPECT_NE(less.notes[0].find("2 runs"), std::string::npos);
  EXPECT_EQ(harness_.stored.jobs.size(), before);
}

TEST_F(SubmitTest, AnOptionChangedOutsideTheGridIsRefusedWithALineEach) {
  SweepSpec spec = MakeSweepSpec("base", {"cnn"}, {1});
  Must(spec, manifest_);
  spec.options["training"]["batch_size"] = 32;
  spec.options["protocol"] = "published";
  const auto refused = harness_.Submit(spec, manifest_);
  EXPECT_TRUE(FailsWith(refused, ErrorCode::kFailedPrecondition, "batch_size"));
  EXPECT_TRUE(FailsWith(refused, ErrorCode::kFailedPrecondition, "protocol"));
}

TEST_F(SubmitTest, AnotherVersionOfTheDatasetIsRefusedUnderTheSameName) {
  const SweepSpec spec = MakeSweepSpec("base", {"cnn"}, {1});
  Must(spec, manifest_);
  EXPECT_TRUE(FailsWith(harness_.Submit(spec, MakeManifest(41, kClasses)),
                        ErrorCode::kFailedPrecondition, "another name"));
}

TEST_F(SubmitTest, OperationalOptionsMayChange) {
  SweepSpec spec = MakeSweepSpec("base", {"cnn"}, {1});
  Must(spec, manifest_);
  spec.operational.priority = 7;
  spec.operational.max_attempts = 1;
  const SubmitReport report = Must(spec, manifest_);
  EXPECT_EQ(report.runs_added, 0);
  ASSERT_EQ(report.notes.size(), 2U);
  EXPECT_NE(report.notes[0].find("priority: 0 → 7"), std::string::npos);
  EXPECT_EQ(harness_.stored.sweeps.at(report.sweep).priority, 7);
  EXPECT_EQ(harness_.stored.sweeps.at(report.sweep).max_attempts, 1);
}

TEST_F(SubmitTest, SweepsShareShardsOfOneDatasetVersion) {
  Must(MakeSweepSpec("one", {"cnn"}, {1}), manifest_);
  const SubmitReport second = Must(MakeSweepSpec("two", {"cnn"}, {1}), manifest_);
  EXPECT_EQ(second.runs_added, 1);
  EXPECT_EQ(second.preprocess_jobs_added, 0);
  EXPECT_EQ(harness_.stored.feature_sets.size(), 1U);
}

TEST_F(SubmitTest, DatasetVersionsShareTheBlocksThatAreEqual) {
  Must(MakeSweepSpec("one", {"cnn"}, {1}), manifest_);
  Manifest longer = manifest_;
  longer.tracks.push_back(MakeManifest(50, kClasses).tracks.back());
  const SubmitReport second = Must(MakeSweepSpec("two", {"cnn"}, {1}), longer);
  EXPECT_EQ(second.preprocess_jobs_added, 1);  // the last block alone is another
  ASSERT_EQ(harness_.stored.feature_sets.size(), 2U);
  EXPECT_EQ(harness_.stored.feature_sets.at({2}).shard_jobs,
            (std::vector<JobId>{{1}, {2}, harness_.stored.feature_sets.at({2}).shard_jobs[2]}));
}

TEST_F(SubmitTest, TwoEqualBlocksAreOneJob) {
  Manifest doubled = MakeManifest(16, kClasses);
  for (std::size_t i = 0; i < 16; ++i) {
    ManifestTrack copy = doubled.tracks[i];
    copy.path = "again/" + copy.path;
    doubled.tracks.push_back(copy);
  }
  EXPECT_EQ(Must(MakeSweepSpec("one", {"cnn"}, {1}), doubled).preprocess_jobs_added, 1);
  ScriptedWorker worker(harness_, "a", 1);
  worker.Connect();
  worker.Take(harness_.Schedule());
  worker.Start({{1}, 1});
  worker.Finish({{1}, 1});
  EXPECT_EQ(harness_.Job({2}).phase, JobPhase::kReady);
}

TEST_F(SubmitTest, AnotherFeatureSpecNeedsOtherShards) {
  SweepSpec spec = MakeSweepSpec("one", {"cnn"}, {1});
  spec.options["features"]["n_mels"] = nullptr;
  spec.axes.push_back({"features.n_mels", {64, 128}});
  const SubmitReport report = Must(spec, manifest_);
  EXPECT_EQ(report.runs_added, 2);
  EXPECT_EQ(report.preprocess_jobs_added, 6);
  EXPECT_EQ(harness_.stored.feature_sets.size(), 2U);
}

TEST_F(SubmitTest, WhatCannotRunIsRefusedBeforeAnythingIsStored) {
  SweepSpec spec = MakeSweepSpec("base", {"cnn"}, {1});
  spec.options["slice_seconds"] = nullptr;
  spec.axes.push_back({"slice_seconds", {1, 45}});
  EXPECT_TRUE(FailsWith(harness_.Submit(spec, manifest_), ErrorCode::kInvalidArgument,
                        "slice_seconds: 45 is longer than a clip"));
  spec.axes.back().values = {0.2};
  EXPECT_TRUE(FailsWith(harness_.Submit(spec, manifest_), ErrorCode::kInvalidArgument,
                        "slice_seconds: 0.2 gives 8 frames"));
  EXPECT_TRUE(
      FailsWith(harness_.Submit(MakeSweepSpec("base", {"cnn"}, {1}), MakeManifest(4, kClasses)),
                ErrorCode::kInvalidArgument, "split of 4 tracks"));
  EXPECT_TRUE(harness_.stored.jobs.empty());
  EXPECT_TRUE(harness_.stored.sweeps.empty());
}

TEST_F(OneShardTest, ASubmitThatAddsRunsTriesFailedShardsAgain) {
  Must(MakeSweepSpec("base", {"cnn"}, {1}), manifest_);
  ScriptedWorker worker(harness_, "a", 1);
  worker.Connect();
  worker.Take(harness_.Schedule());
  worker.Break({{1}, 1}, FailureClass::kBadData);
  ASSERT_EQ(harness_.Job({1}).phase, JobPhase::kFailed);
  ASSERT_EQ(harness_.Job({2}).failure, FailureClass::kDependencyFailed);

  Must(MakeSweepSpec("base", {"cnn"}, {1}), manifest_);
  EXPECT_EQ(harness_.Job({1}).phase, JobPhase::kFailed) << "the same file changes nothing";

  Must(MakeSweepSpec("base", {"cnn"}, {1, 2}), manifest_);
  EXPECT_EQ(harness_.Job({1}).phase, JobPhase::kReady);
  EXPECT_EQ(harness_.Job({1}).last_attempt, 1);
  EXPECT_EQ(harness_.Job({2}).phase, JobPhase::kBlocked);
  EXPECT_EQ(harness_.Job({3}).phase, JobPhase::kBlocked);
}

TEST_F(OneShardTest, RunsAreReadyAtOnceWhereTheFeaturesAreThere) {
  Must(MakeSweepSpec("base", {"cnn"}, {1}), manifest_);
  ScriptedWorker worker(harness_, "a", 1);
  worker.Connect();
  worker.Take(harness_.Schedule());
  worker.Start({{1}, 1});
  worker.Finish({{1}, 1});
  Must(MakeSweepSpec("base", {"cnn"}, {1, 2}), manifest_);
  EXPECT_EQ(harness_.Job({3}).phase, JobPhase::kReady);
}

}  // namespace
}  // namespace tutti
