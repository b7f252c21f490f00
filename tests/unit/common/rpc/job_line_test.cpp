#include "common/rpc/job_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/json.h"
#include "tests/support/result_matchers.h"

namespace tutti {
namespace {

v1::Lease TrainLease() {
  v1::Lease lease;
  lease.mutable_attempt()->set_job_id(12);
  lease.mutable_attempt()->set_attempt(2);
  lease.set_kind(v1::JOB_KIND_TRAIN);
  lease.set_config_json(R"({"model":"crnn1d","seed":333})");
  lease.set_feature_spec_json(R"({"hop":512,"hash":"aa"})");
  lease.mutable_dataset()->set_version("v1");
  lease.mutable_dataset()->add_classes("blues");
  lease.add_shards()->set_blob_hash("h0");
  lease.add_shards()->set_blob_hash("h1");
  auto& track = *lease.add_tracks();
  track.set_id(17);
  track.set_path("blues/1.wav");
  track.set_label(0);
  track.set_content_hash("c17");
  track.set_shard(1);
  track.set_row(3);
  lease.mutable_split()->add_train(17);
  lease.set_threads(2);
  return lease;
}

TEST(JobLine, TrainJobReadsItsRowsOfShards) {
  const auto line =
      JobLine(TrainLease(), {{"h0", "/c/h0"}, {"h1", "/c/h1"}}, {"/jobs/12-2", "cuda:1", {}});
  ASSERT_TRUE(IsOk(line));
  EXPECT_EQ(line->back(), '\n');
  EXPECT_EQ(line->find('\n'), line->size() - 1);
  const Json job = *ParseJson(*line, "job");
  EXPECT_EQ(job["job"], "12");
  EXPECT_EQ(job["attempt"], 2);
  EXPECT_EQ(job["kind"], "train");
  EXPECT_EQ(job["config"]["model"], "crnn1d");
  EXPECT_EQ(job["feature_spec"]["hash"], "aa");
  EXPECT_EQ(job["dataset"], (Json{{"version", "v1"}, {"classes", {"blues"}}}));
  EXPECT_EQ(job["tracks"][0], (Json{{"id", 17},
                                    {"path", "blues/1.wav"},
                                    {"label", 0},
                                    {"content_hash", "c17"},
                                    {"audio", nullptr},
                                    {"shard", "/c/h1"},
                                    {"row", 3}}));
  EXPECT_EQ(job["split"]["train"], Json({17}));
  EXPECT_EQ(job["split"]["test"], Json::array());
  EXPECT_EQ(job["output_dir"], "/jobs/12-2");
  EXPECT_EQ(job["threads"], 2);
  EXPECT_EQ(job["device"], "cuda:1");
  EXPECT_TRUE(job["weights"].is_null() && job["resume"].is_null());
}

TEST(JobLine, PreprocessJobReadsAudio) {
  v1::Lease lease = TrainLease();
  lease.set_kind(v1::JOB_KIND_PREPROCESS);
  lease.clear_shards();
  lease.clear_split();
  lease.clear_dataset();
  lease.mutable_tracks(0)->set_shard(-1);
  const auto line = JobLine(lease, {{"c17", "/c/c17"}}, {"/jobs/12-2", "cuda:1", {}});
  ASSERT_TRUE(IsOk(line));
  const Json job = *ParseJson(*line, "job");
  EXPECT_EQ(job["kind"], "preprocess");
  EXPECT_EQ(job["tracks"][0]["audio"], "/c/c17");
  EXPECT_TRUE(job["tracks"][0]["shard"].is_null());
  EXPECT_TRUE(job["split"].is_null() && job["dataset"].is_null());
}

TEST(JobLine, InputsAreNamedOnceEach) {
  v1::Lease lease = TrainLease();
  lease.add_shards()->set_blob_hash("h0");
  EXPECT_THAT(InputHashes(lease), testing::ElementsAre("h0", "h1"));
  lease.set_kind(v1::JOB_KIND_PREPROCESS);
  EXPECT_THAT(InputHashes(lease), testing::ElementsAre("c17"));
}

TEST(JobLine, RefusesWhatItCannotRun) {
  v1::Lease nameless = TrainLease();
  nameless.set_kind(v1::JOB_KIND_UNSPECIFIED);
  EXPECT_TRUE(
      FailsWith(JobLine(nameless, {}, {"/o", "cpu", {}}), ErrorCode::kInvalidArgument, "job 12"));
  v1::Lease broken = TrainLease();
  broken.set_config_json("{");
  EXPECT_TRUE(FailsWith(JobLine(broken, {}, {"/o", "cpu", {}}), ErrorCode::kInvalidArgument,
                        "configuration"));
  v1::Lease shard = TrainLease();
  shard.mutable_tracks(0)->set_shard(2);
  EXPECT_TRUE(FailsWith(JobLine(shard, {}, {"/o", "cpu", {}}), ErrorCode::kInvalidArgument,
                        "shard 2 of 2"));
}

}  // namespace
}  // namespace tutti
