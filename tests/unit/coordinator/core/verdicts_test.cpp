#include "coordinator/core/verdicts.h"

#include <gtest/gtest.h>

#include "tests/support/core_harness.h"
#include "tests/support/result_matchers.h"

namespace tutti {
namespace {

constexpr AttemptKey kShard{{1}, 1};

// Job 1 has tracks 0..9 in one shard; 10 and 11 have the contents of 0 and 1.
class VerdictsTest : public testing::Test {
 protected:
  VerdictsTest() {
    for (int i = 0; i < 2; ++i) {
      ManifestTrack copy = manifest_.tracks[static_cast<std::size_t>(i)];
      copy.path = "z" + copy.path;
      manifest_.tracks.push_back(copy);
    }
    EXPECT_TRUE(IsOk(harness_.Submit(MakeSweepSpec("base", {"cnn"}, {1}), manifest_)));
    worker_.Connect();
    Take();
  }

  void Take() {
    worker_.Heartbeat();
    const auto grants = harness_.Schedule();
    worker_.Take(grants);
    for (const Grant& grant : grants) worker_.Start(grant.attempt);
  }

  TrackVerdict Undecodable(std::int64_t track) const {
    return {track, manifest_.tracks[static_cast<std::size_t>(track)].content_hash, "no frames"};
  }

  CoreHarness harness_{{.tracks_per_shard = 20}};
  Manifest manifest_ = MakeManifest(40, {"blues", "rock"});
  ScriptedWorker worker_{harness_, "a", 1};
};

TEST_F(VerdictsTest, AVerdictIsStoredUnderContentAndSpec) {
  worker_.Finish(kShard, {Undecodable(4)});
  ASSERT_EQ(harness_.stored.undecodable.size(), 1U);
  const UndecodableRecord& row = harness_.stored.undecodable.begin()->second;
  EXPECT_EQ(row.content_hash, manifest_.tracks[4].content_hash);
  EXPECT_EQ(row.spec_hash, harness_.stored.feature_sets.at({1}).spec_hash);
  EXPECT_EQ(row.job, JobId{1});
  EXPECT_EQ(row.message, "no frames");
  EXPECT_EQ(harness_.Job({1}).phase, JobPhase::kSucceeded);
}

TEST_F(VerdictsTest, ATrackOutsideTheJobIsACrashOfTheRunner) {
  worker_.Finish(kShard, {Undecodable(25)});
  EXPECT_EQ(harness_.Job({1}).phase, JobPhase::kReady);
  EXPECT_EQ(harness_.Attempt(kShard).failure, FailureClass::kCrashed);
  EXPECT_NE(harness_.Attempt(kShard).message.find("track 25, which is not in this job"),
            std::string::npos);
}

TEST_F(VerdictsTest, AVerdictOnAnotherContentIsACrashOfTheRunner) {
  TrackVerdict verdict = Undecodable(4);
  verdict.content_hash = manifest_.tracks[5].content_hash;
  worker_.Finish(kShard, {verdict});
  EXPECT_EQ(harness_.Attempt(kShard).failure, FailureClass::kCrashed);
  EXPECT_TRUE(harness_.stored.undecodable.empty());
}

TEST_F(VerdictsTest, AResultWithoutItsShardIsACrashOfTheRunner) {
  worker_.Send(worker_.MakeEvent(kShard, AttemptFinished{}));
  EXPECT_EQ(harness_.Job({1}).phase, JobPhase::kReady);
  EXPECT_NE(harness_.Attempt(kShard).message.find("no artifact"), std::string::npos);
}

// The third shard holds tracks 40 and 41: contents of 0 and 1 again.
class LaterVerdictTest : public VerdictsTest {
 protected:
  // Jobs 1 and 2 done, the first with these verdicts; job 3 is running.
  void FinishTwo(std::vector<TrackVerdict> first) {
    worker_.Finish(kShard, std::move(first));
    Take();
    worker_.Finish({{2}, 1});
    Take();
    ASSERT_EQ(harness_.Job({3}).phase, JobPhase::kRunning);
  }
};

TEST_F(LaterVerdictTest, TheSameVerdictAgainIsFine) {
  FinishTwo({Undecodable(0)});
  worker_.Finish({{3}, 1}, {Undecodable(40)});
  EXPECT_EQ(harness_.Job({3}).phase, JobPhase::kSucceeded);
  EXPECT_EQ(harness_.stored.undecodable.size(), 1U);
  EXPECT_EQ(harness_.stored.undecodable.begin()->second.job, JobId{1});
  EXPECT_EQ(harness_.Job({4}).phase, JobPhase::kReady);
}

TEST_F(LaterVerdictTest, UndecodableAfterDecodedIsBadDataNamingTrackAndWorker) {
  FinishTwo({});
  worker_.Finish({{3}, 1}, {Undecodable(41)});
  EXPECT_EQ(harness_.Job({3}).phase, JobPhase::kFailed);
  EXPECT_EQ(harness_.Job({3}).failure, FailureClass::kBadData);
  const std::string& message = harness_.Job({3}).message;
  EXPECT_NE(message.find("track 41 "), std::string::npos) << message;
  EXPECT_NE(message.find("name of a (a)"), std::string::npos) << message;
  EXPECT_NE(message.find("job 1 "), std::string::npos) << message;
  EXPECT_EQ(harness_.Job({4}).failure, FailureClass::kDependencyFailed);
  EXPECT_TRUE(harness_.stored.undecodable.empty());
}

TEST_F(LaterVerdictTest, DecodedAfterUndecodableIsBadDataToo) {
  FinishTwo({Undecodable(0)});
  harness_.Restart();
  worker_.Connect();
  worker_.Finish({{3}, 1});
  EXPECT_EQ(harness_.Job({3}).failure, FailureClass::kBadData);
  EXPECT_NE(harness_.Job({3}).message.find("track 40 "), std::string::npos);
}

TEST(Verdicts, TwoTracksOfOneContentInAShardGetOneVerdict) {
  CoreHarness harness({.tracks_per_shard = 64});
  Manifest manifest = MakeManifest(40, {"blues", "rock"});
  manifest.tracks[7].content_hash = manifest.tracks[3].content_hash;
  ASSERT_TRUE(IsOk(harness.Submit(MakeSweepSpec("base", {"cnn"}, {1}), manifest)));
  ScriptedWorker worker(harness, "a", 1);
  worker.Connect();
  worker.Take(harness.Schedule());
  worker.Start(kShard);
  const std::string& content = manifest.tracks[3].content_hash;
  worker.Finish(kShard, {{3, content, "no frames"}});
  EXPECT_EQ(harness.Attempt(kShard).failure, FailureClass::kCrashed);
  EXPECT_NE(harness.Attempt(kShard).message.find("track 3 undecodable and track 7 not"),
            std::string::npos);
  worker.Heartbeat();
  worker.Take(harness.Schedule());
  worker.Start({{1}, 2});
  worker.Finish({{1}, 2}, {{3, content, "no frames"}, {7, content, "no frames"}});
  EXPECT_EQ(harness.Job({1}).phase, JobPhase::kSucceeded);
  EXPECT_EQ(harness.stored.undecodable.size(), 1U);
}

}  // namespace
}  // namespace tutti
