#include "worker/trainer/train_job.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/result_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/worker/trainer/tiny_job.h"

namespace tutti {
namespace {

class TrainJobTest : public testing::Test {
 protected:
  testing::AssertionResult Refused(const std::string& part_of_message) {
    return FailsWith(ParseTrainJob(line_), ErrorCode::kInvalidArgument, part_of_message);
  }

  TempDir folder_;
  Json line_ = MakeTinyJob(folder_.path());
};

TEST_F(TrainJobTest, EveryFieldIsTaken) {
  line_["config"]["protocol"] = "published";
  line_["config"]["keep_weights"] = "both";
  const auto job = ParseTrainJob(line_);
  ASSERT_TRUE(IsOk(job));
  EXPECT_EQ(job->model, "rnn");
  EXPECT_EQ(job->seed, 333);
  EXPECT_EQ(job->training.batch_size, 4);
  EXPECT_EQ(job->training.learning_rate, 0.01);
  EXPECT_EQ(job->protocol, Protocol::kPublished);
  EXPECT_EQ(job->keep_weights, KeepWeights::kBoth);
  EXPECT_EQ(job->features, TinyFeatures());
  EXPECT_THAT(job->classes, testing::ElementsAre("low", "high"));
  EXPECT_EQ(job->tracks.size(), 12U);
  EXPECT_EQ(job->tracks[11].path, "song11.wav");
  EXPECT_THAT(job->split.test, testing::ElementsAre(10, 11));
  EXPECT_EQ(job->output_dir, folder_.path());
}

TEST_F(TrainJobTest, SplitsNameTracksAndGivePositions) {
  line_["tracks"][10]["id"] = 700;
  line_["split"]["test"] = {11, 700};
  const auto job = ParseTrainJob(line_);
  ASSERT_TRUE(IsOk(job));
  EXPECT_THAT(job->split.test, testing::ElementsAre(11, 10));
}

TEST_F(TrainJobTest, ASongOnTwoSidesIsRefused) {
  line_["split"]["test"] = {10, 3};
  EXPECT_TRUE(Refused("track song3.wav is in train and in test"));
}

TEST_F(TrainJobTest, ASplitThatDoesNotFitIsRefused) {
  line_["split"]["validation"] = Json::array();
  EXPECT_TRUE(Refused("validation is empty"));
  line_["split"]["validation"] = {99};
  EXPECT_TRUE(Refused("validation names track 99"));
}

TEST_F(TrainJobTest, WhatIsOutOfRangeIsNamed) {
  line_["tracks"][4]["label"] = 2;
  EXPECT_TRUE(Refused("track song4.wav: label 2 of 2 classes"));
  line_["config"]["training"]["batch_size"] = 1;
  EXPECT_TRUE(Refused("batch_size of at least 2"));
}

TEST_F(TrainJobTest, AWordNobodyKnowsIsAnsweredWithTheKnownOnes) {
  line_["config"]["keep_weights"] = "all";
  EXPECT_TRUE(Refused("expected best, last, both or none, got all"));
  line_["config"]["precision"] = "bfloat16";
  EXPECT_TRUE(Refused("expected float32, tf32, bf16 or float64, got bfloat16"));
  line_["config"]["protocol"] = "wrong";
  EXPECT_TRUE(Refused("expected correct or published, got wrong"));
}

TEST_F(TrainJobTest, AMissingFieldIsNamed) {
  line_["config"].erase("model");
  EXPECT_TRUE(Refused("model"));
  line_.erase("config");
  EXPECT_TRUE(Refused("config"));
}

TEST(TrainJob, DuplicatesThatCrossAreCountedBetweenAnyTwoSides) {
  TrainJob job;
  for (const char* content : {"a", "b", "a", "c", "b", "", ""}) {
    job.tracks.emplace_back().content_hash = content;
  }
  job.split = {{0, 5}, {1}, {2, 3, 4, 6}};
  EXPECT_EQ(CountCrossingDuplicates(job), 2) << "a by training, b by validation";
  job.split = {{0, 1}, {2, 5}, {3, 6}};
  EXPECT_EQ(CountCrossingDuplicates(job), 1) << "a of validation, by training";
  job.split = {{3}, {0, 1}, {2, 4}};
  EXPECT_EQ(CountCrossingDuplicates(job), 2) << "a and b of the test, by validation";
  job.split = {{0, 2}, {1, 4}, {3}};
  EXPECT_EQ(CountCrossingDuplicates(job), 0) << "on one side they harm nobody";
}

}  // namespace
}  // namespace tutti
