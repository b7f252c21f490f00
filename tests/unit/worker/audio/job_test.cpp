#include "worker/audio/job.h"

#include "common/feature_spec_hash.h"
#include "common/json.h"
#include "tests/support/result_matchers.h"

namespace tutti {
namespace {

Json ValidJob() {
  Json spec = ToJson(FeatureSpec{});
  spec["hash"] = FeatureSpecHash(FeatureSpec{});
  return {{"job", "12"},
          {"attempt", 1},
          {"kind", "preprocess"},
          {"config", Json::object()},
          {"feature_spec", spec},
          {"dataset", nullptr},
          {"tracks",
           {{{"id", 17},
             {"path", "blues/a.wav"},
             {"label", 0},
             {"content_hash", "ab"},
             {"audio", "/data/a.wav"},
             {"shard", nullptr},
             {"row", 3}}}},
          {"split", nullptr},
          {"weights", nullptr},
          {"resume", nullptr},
          {"output_dir", "/out"},
          {"threads", 2},
          {"device", "cpu"}};
}

testing::AssertionResult Refused(const Json& job, const std::string& part) {
  return FailsWith(ParsePreprocessJob(DumpJson(job)), ErrorCode::kInvalidArgument, part);
}

TEST(Job, EveryFieldIsTaken) {
  const auto job = ParsePreprocessJob(DumpJson(ValidJob()));
  ASSERT_TRUE(IsOk(job));
  EXPECT_EQ(job->spec, FeatureSpec{});
  ASSERT_EQ(job->tracks.size(), 1U);
  EXPECT_EQ(job->tracks[0].id, 17);
  EXPECT_EQ(job->tracks[0].audio, "/data/a.wav");
  EXPECT_EQ(job->tracks[0].content_hash, "ab");
  EXPECT_EQ(job->output_dir, "/out");
  EXPECT_EQ(job->threads, 2);
}

TEST(Job, WhatIsMissingOrWrongIsNamed) {
  EXPECT_TRUE(FailsWith(ParsePreprocessJob("nonsense"), ErrorCode::kInvalidArgument, "job"));
  EXPECT_TRUE(Refused(Json::array(), "\"kind\" is missing"));
  for (const std::string key : {"kind", "feature_spec", "tracks", "output_dir"}) {
    Json job = ValidJob();
    job.erase(key);
    EXPECT_TRUE(Refused(job, "\"" + key + "\" is missing"));
  }
  Json job = ValidJob();
  job["kind"] = "train";
  EXPECT_TRUE(Refused(job, "got \"train\""));
  job = ValidJob();
  job["threads"] = 0;
  EXPECT_TRUE(Refused(job, "threads: expected 1 to 256, got 0"));
}

TEST(Job, ATrackWithoutAudioIsRefused) {
  Json job = ValidJob();
  job["tracks"][0]["audio"] = nullptr;
  EXPECT_TRUE(Refused(job, "track 0: field \"audio\""));
}

TEST(Job, ASpecWhoseHashIsAnotherHereIsRefused) {
  Json job = ValidJob();
  job["feature_spec"]["hop"] = 256;
  EXPECT_TRUE(Refused(job, "its hash is " + FeatureSpecHash(FeatureSpec{})));
}

TEST(Job, MoreTracksThanTheLimitAreRefused) {
  Json job = ValidJob();
  job["tracks"] = std::vector<Json>(kMaxJobTracks + 1, job["tracks"][0]);
  EXPECT_TRUE(Refused(job, "expected at most 65536, got 65537"));
}

}  // namespace
}  // namespace tutti
