#include "worker/trainer/runner.h"

#include <cmath>
#include <limits>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include "common/feature_spec_hash.h"
#include "tests/support/result_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/worker/trainer/tiny_job.h"
#include "worker/models/registry.h"
#include "worker/trainer/checkpoint.h"
#include "worker/trainer/evaluate.h"
#include "worker/trainer/train_loop.h"

namespace tutti {
namespace {

class RunnerTest : public testing::Test {
 protected:
  // Runs the line; events before the last one stay in events_.
  Json Run(const Json& line) {
    events_.clear();
    const SystemClock clock;
    return RunJobLine(DumpJson(line), clock,
                      {[this](const Json& event) { events_.push_back(event); }, cancelled_});
  }

  std::vector<Json> Epochs() const {
    std::vector<Json> epochs;
    for (const Json& event : events_) {
      if (event["event"] == "epoch") epochs.push_back(event);
    }
    return epochs;
  }

  TempDir folder_;
  std::vector<Json> events_;
  std::function<bool()> cancelled_ = [] { return false; };
};

TEST_F(RunnerTest, LearnsWhatCanBeLearned) {
  for (const char* model : {"crnn1d", "rnn"}) {
    TinyJob options;
    options.model = model;
    options.epochs = 15;
    const Json result = Run(MakeTinyJob(folder_.path(), options));
    ASSERT_EQ(result["event"], "result") << result;
    EXPECT_EQ(result["metrics"]["f1_macro"], 1.0) << model;
    EXPECT_EQ(result["metrics"]["song_accuracy"], 1.0);
    EXPECT_LT(Epochs().back()["train_loss"], 0.5 * Epochs().front()["train_loss"].get<double>());
  }
}

TEST_F(RunnerTest, TellsEveryEpochAndTheWholeResult) {
  const Json result = Run(MakeTinyJob(folder_.path()));
  ASSERT_EQ(result["event"], "result") << result;
  ASSERT_EQ(Epochs().size(), 4U);
  EXPECT_EQ(Epochs()[0]["epoch"], 1);
  for (const char* key : {"train_loss", "train_accuracy", "val_loss", "val_accuracy", "seconds"}) {
    EXPECT_TRUE(std::isfinite(Epochs()[3][key].get<double>())) << key;
  }
  EXPECT_EQ(result["metrics"]["epochs"], 4);
  EXPECT_EQ(result["predictions"].size(), 2U);
  const Json& first = result["predictions"][0];
  EXPECT_EQ(first["track"], 10);
  EXPECT_EQ(first["label"], 0);
  EXPECT_EQ(first["votes"][0].get<int>() + first["votes"][1].get<int>(), 3);
  const Json& timings = result["timings"];
  EXPECT_GE(timings["total_seconds"].get<double>(), timings["train_seconds"].get<double>());
}

// The songs to validate have the other label, so that what is learned makes the loss worse.
TEST_F(RunnerTest, TestsAndKeepsTheBestEpochsWeights) {
  TinyJob options;
  options.epochs = 12;
  Json line = MakeTinyJob(folder_.path(), options);
  line["tracks"][8]["label"] = 1;
  line["tracks"][9]["label"] = 0;
  line["config"]["keep_weights"] = "both";
  const Json result = Run(line);
  ASSERT_EQ(result["event"], "result") << result;
  double best = std::numeric_limits<double>::infinity();
  std::int64_t best_epoch = 0;
  for (const Json& epoch : Epochs()) {
    if (epoch["val_loss"] < best) {
      best = epoch["val_loss"];
      best_epoch = epoch["epoch"];
    }
  }
  ASSERT_NE(best_epoch, 12) << "this test needs a run that gets worse at its end";
  EXPECT_EQ(result["metrics"]["best_epoch"], best_epoch);
  EXPECT_EQ(result["metrics"]["best_val_loss"], best);

  const auto job = ParseTrainJob(line);
  const auto features = Features::Open(*job);
  const auto grid = MakeSliceGrid(job->features, 1, 0.5);
  const auto loss_of = [&](const char* file, const std::vector<std::size_t>& tracks) {
    const auto model = *MakeModel("rnn", {128, grid->frames, 2});
    EXPECT_TRUE(IsOk(LoadWeights(*ReadCheckpoint(folder_ / file), *model)));
    return Evaluate(*model, SongBatches({tracks, *grid, *features, *job}, torch::kCPU)).loss;
  };
  EXPECT_EQ(loss_of("best.safetensors", job->split.validation), best);
  EXPECT_EQ(loss_of("best.safetensors", job->split.test), result["metrics"]["test_loss"]);
  EXPECT_NE(loss_of("last.safetensors", job->split.validation), best);
}

TEST_F(RunnerTest, StopsEarly) {
  TinyJob options;
  options.epochs = 200;
  options.patience = 2;
  Json line = MakeTinyJob(folder_.path(), options);
  line["tracks"][8]["label"] = 1;
  line["tracks"][9]["label"] = 0;
  const Json result = Run(line);
  ASSERT_EQ(result["event"], "result") << result;
  EXPECT_LT(result["metrics"]["epochs"], 200);
  EXPECT_EQ(result["metrics"]["epochs"].get<int>(), result["metrics"]["best_epoch"].get<int>() + 2);
}

TEST_F(RunnerTest, TheSameJobGivesTheSameBits) {
  TempDir other;
  for (const char* model : {"crnn1d", "rnn"}) {
    TinyJob options;
    options.model = model;
    options.epochs = 2;
    ASSERT_EQ(Run(MakeTinyJob(folder_.path(), options))["event"], "result");
    const auto curves = Epochs();
    ASSERT_EQ(Run(MakeTinyJob(other.path(), options))["event"], "result");
    for (std::size_t i = 0; i < curves.size(); ++i) {
      EXPECT_EQ(Epochs()[i]["train_loss"], curves[i]["train_loss"]);
      EXPECT_EQ(Epochs()[i]["val_loss"], curves[i]["val_loss"]);
    }
    const auto first = ReadCheckpoint(folder_ / "best.safetensors");
    const auto second = ReadCheckpoint(other / "best.safetensors");
    for (const auto& [name, tensor] : *first) EXPECT_TRUE(tensor.equal(second->at(name))) << name;
  }
}

// Steps so small that they change nothing, so that losses are those of the weights at the start.
TEST_F(RunnerTest, StartsFromTheWeightsThatTheJobNames) {
  TinyJob options;
  options.epochs = 1;
  ASSERT_EQ(Run(MakeTinyJob(folder_.path(), options))["event"], "result");
  const double trained = Epochs().back()["val_loss"];
  TempDir other;
  options.learning_rate = 1e-12;
  options.seed = 123;
  Json line = MakeTinyJob(other.path(), options);
  line["weights"] = folder_ / "best.safetensors";
  ASSERT_EQ(Run(line)["event"], "result");
  EXPECT_NEAR(Epochs().back()["val_loss"].get<double>(), trained, 1e-6);
  line["config"]["model"] = "crnn1d";
  EXPECT_EQ(Run(line)["class"], "bad_config");
  line["weights"] = other / "gone.safetensors";
  EXPECT_EQ(Run(line)["class"], "bad_data");
}

TEST_F(RunnerTest, DropoutCanBeSwitchedOff) {
  TinyJob options;
  options.epochs = 1;
  ASSERT_EQ(Run(MakeTinyJob(folder_.path(), options))["event"], "result");
  TempDir other;
  options.learning_rate = 1e-12;
  const auto train_loss = [&](std::int64_t seed, bool dropout) {
    options.seed = seed;
    Json line = MakeTinyJob(other.path(), options);
    line["weights"] = folder_ / "best.safetensors";
    line["config"]["training"]["dropout"] = dropout;
    EXPECT_EQ(Run(line)["event"], "result");
    return Epochs().back()["train_loss"].get<double>();
  };
  EXPECT_NEAR(train_loss(1, false), train_loss(2, false), 1e-6);
  EXPECT_GT(std::abs(train_loss(1, true) - train_loss(2, true)), 1e-5);
}

TEST_F(RunnerTest, TrainsInDoublePrecisionForComparisons) {
  for (const char* model : {"crnn1d", "rnn"}) {
    TinyJob options;
    options.model = model;
    options.epochs = 1;
    Json line = MakeTinyJob(folder_.path(), options);
    line["config"]["precision"] = "float64";
    const Json result = Run(line);
    ASSERT_EQ(result["event"], "result");
    EXPECT_EQ(result["environment"]["precision"], "float64");
    const auto weights = ReadCheckpoint(folder_ / "best.safetensors");
    ASSERT_TRUE(IsOk(weights));
    for (const auto& [name, tensor] : *weights) {
      EXPECT_EQ(tensor.scalar_type(), torch::kFloat64) << name;  // neither has BatchNorm's counts
    }
  }
}

TEST_F(RunnerTest, AFeatureThatIsNoNumberIsBadDataWithTheTracksName) {
  const Json line = MakeTinyJob(folder_.path());
  std::vector<float> values = TinySpectrograms(12);
  values[3 * 128 * 87 + 11] = std::numeric_limits<float>::infinity();
  WriteTinyShard(folder_ / "shard.safetensors", values, 12, FeatureSpecHash(TinyFeatures()));
  const Json end = Run(line);
  EXPECT_EQ(end["class"], "bad_data") << end;
  EXPECT_THAT(end["message"].get<std::string>(), testing::HasSubstr("track song3.wav"));
}

TEST_F(RunnerTest, WeightsToStartFromMustHaveTheRunsSpecAndDataset) {
  Json line = MakeTinyJob(folder_.path());
  ASSERT_EQ(Run(line)["event"], "result");
  std::filesystem::rename(folder_ / "best.safetensors", folder_ / "initial.safetensors");
  line["weights"] = folder_ / "initial.safetensors";
  ASSERT_EQ(Run(line)["event"], "result");
  line["dataset"]["version"] = "a-later-one";
  const Json end = Run(line);
  EXPECT_EQ(end["class"], "bad_data") << end;
  EXPECT_THAT(end["message"].get<std::string>(), testing::HasSubstr("expected a-later-one"));
}

TEST_F(RunnerTest, ACancelledJobEndsBetweenBatches) {
  cancelled_ = [this] { return Epochs().size() == 1; };
  TinyJob options;
  options.epochs = 1000;
  options.patience = 1000;
  const Json end = Run(MakeTinyJob(folder_.path(), options));
  EXPECT_EQ(end["event"], "error");
  EXPECT_EQ(end["class"], "cancelled");
  EXPECT_EQ(Epochs().size(), 1U);
}

TEST_F(RunnerTest, EveryFailureHasItsClass) {
  Json line = MakeTinyJob(folder_.path());
  line["config"]["model"] = "crnn3d";
  EXPECT_EQ(Run(line)["class"], "bad_config");
  line = MakeTinyJob(folder_.path());
  line["device"] = "cuda:99";
  EXPECT_EQ(Run(line)["class"], "bad_config");
  line = MakeTinyJob(folder_.path());
  line["tracks"][0]["shard"] = folder_ / "gone.safetensors";
  EXPECT_EQ(Run(line)["class"], "bad_data");
  line = MakeTinyJob(folder_.path());
  line["kind"] = "preprocess";
  EXPECT_EQ(Run(line)["class"], "bad_config");
}

TEST_F(RunnerTest, ALossThatLeavesTheNumbersIsSaidSo) {
  TinyJob options;
  options.learning_rate = 2e37;
  const Json end = Run(MakeTinyJob(folder_.path(), options));
  ASSERT_EQ(end.value("class", ""), "bad_config") << end;
  EXPECT_THAT(end["message"].get<std::string>(), testing::HasSubstr("a smaller learning_rate"));
}

TEST_F(RunnerTest, ALineThatIsNoJobIsAnErrorAndTheNextOneRuns) {
  std::istringstream in("what?\n" + DumpJson(MakeTinyJob(folder_.path())) + "\n");
  std::ostringstream out;
  const SystemClock clock;
  {
    JobSource source(in);
    ServeJobs(source, out, clock);
  }
  std::istringstream lines(out.str());
  std::vector<Json> events;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("{\"event\":")) events.push_back(Json::parse(line));  // else log
  }
  ASSERT_GE(events.size(), 3U);
  EXPECT_EQ(events[0]["event"], "hello");
  EXPECT_EQ(events[1]["class"], "bad_config");
  // The stream has ended by then, so nobody waits for the second job.
  EXPECT_THAT(events.back()["event"].get<std::string>(), testing::AnyOf("error", "result"));
}

}  // namespace
}  // namespace tutti
