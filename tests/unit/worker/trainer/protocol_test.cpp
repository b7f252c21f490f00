// What protocol `published` does as the study did, and `correct` does not: which weights are tested
// and when training stops. Which layers train: what_is_trained_test.cpp.
#include <cmath>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/clock.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/worker/trainer/tiny_job.h"
#include "worker/trainer/runner.h"
#include "worker/trainer/train_loop.h"

namespace tutti {
namespace {

class ProtocolTest : public testing::Test {
 protected:
  // A job whose songs to validate have the other label, so that what is learned makes the loss
  // worse.
  Json Line(const TinyJob& options, const std::string& protocol) {
    Json line = MakeTinyJob(folder_.path(), options);
    line["tracks"][8]["label"] = 1;
    line["tracks"][9]["label"] = 0;
    line["config"]["protocol"] = protocol;
    return line;
  }
  static Json Run(const Json& line) {
    const SystemClock clock;
    Json end = RunJobLine(DumpJson(line), clock, {[](const Json&) {}, [] { return false; }});
    EXPECT_EQ(end["event"], "result") << end;
    return end;
  }
  // The test loss of weights that are kept: of a training that moves nothing.
  double TestLossOf(const char* file, Json line) {
    const TempDir other;
    line["weights"] = folder_ / file;
    line["output_dir"] = other.path();
    line["config"]["protocol"] = "correct";
    line["config"]["training"]["epochs"] = 1;
    line["config"]["training"]["learning_rate"] = 1e-12;
    line["config"]["training"]["dropout"] = false;
    return Run(line)["metrics"]["test_loss"];
  }

  TempDir folder_;
};

TEST_F(ProtocolTest, PublishedTestsTheLastEpochsWeightsAndCorrectTheBestOnes) {
  TinyJob options;
  options.epochs = 12;
  for (const char* protocol : {"published", "correct"}) {
    Json line = Line(options, protocol);
    line["config"]["keep_weights"] = "both";
    const Json result = Run(line);
    ASSERT_LT(result["metrics"]["best_epoch"], 12) << "this test needs a run that gets worse";
    const double best = TestLossOf("best.safetensors", line);
    const double last = TestLossOf("last.safetensors", line);
    ASSERT_GT(std::abs(best - last), 1e-3);
    EXPECT_NEAR(result["metrics"]["test_loss"].get<double>(),
                protocol == std::string("published") ? last : best, 1e-5)
        << protocol;
  }
}

TEST_F(ProtocolTest, PublishedGivesCrnn2dAlonePatienceEight) {
  const auto patience_of = [](const char* model, Protocol protocol) {
    TrainJob job;
    job.model = model;
    job.protocol = protocol;
    job.training.patience = 10;
    return PatienceOf(job);
  };
  EXPECT_EQ(patience_of("crnn2d", Protocol::kPublished), 8);
  EXPECT_EQ(patience_of("crnn2d", Protocol::kCorrect), 10);
  for (const char* model : {"cnn", "crnn1d", "rnn"}) {
    EXPECT_EQ(patience_of(model, Protocol::kPublished), 10) << model;
  }
}

TEST_F(ProtocolTest, ATrainingOfPublishedCrnn2dStopsEightEpochsAfterItsBest) {
  TinyJob options;
  options.model = "crnn2d";
  options.epochs = 100;
  options.patience = 2;
  Json line = Line(options, "published");
  line["split"]["train"] = {0, 1};
  const Json metrics = Run(line)["metrics"];
  EXPECT_LT(metrics["epochs"], 100);
  EXPECT_EQ(metrics["epochs"].get<int>(), metrics["best_epoch"].get<int>() + 8);
}

}  // namespace
}  // namespace tutti
