#include "worker/trainer/predict.h"

#include <filesystem>
#include <limits>
#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/feature_spec_hash.h"
#include "common/file_system.h"
#include "common/hash.h"
#include "common/safetensors.h"
#include "tests/support/result_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/support/tiny_music.h"
#include "tests/unit/worker/trainer/tiny_job.h"
#include "worker/trainer/checkpoint.h"
#include "worker/trainer/checkpoint_facts.h"
#include "worker/trainer/kept_model.h"
#include "worker/trainer/runner.h"
#include "worker/trainer/slicing.h"

namespace tutti {
namespace {

using testing::HasSubstr;

class PredictTest : public testing::Test {
 protected:
  Json Run(const Json& line) {
    const SystemClock clock;
    return RunJobLine(DumpJson(line), clock, {[](const Json&) {}, [this] { return cancelled_; }});
  }

  // Trains, and gives the training's result.
  Json Train(const TinyJob& options = {}) {
    const Json result = Run(MakeTinyJob(folder_.path(), options));
    EXPECT_EQ(result["event"], "result") << result;
    return result;
  }

  // The last two songs, which the training tested with; nothing of them but features is told.
  Json PredictJobLine() const {
    Json tracks = Json::array();
    for (const int track : {10, 11}) {
      tracks.push_back({{"id", track},
                        {"path", "song" + std::to_string(track) + ".wav"},
                        {"shard", folder_ / "shard.safetensors"},
                        {"row", track}});
    }
    return {{"kind", "predict"}, {"weights", Weights()}, {"tracks", tracks}};
  }
  std::filesystem::path Weights() const { return folder_ / "best.safetensors"; }

  // The checkpoint again, with other metadata; an empty value removes the key.
  void SetMetadata(const std::string& key, const std::string& value) {
    const auto metadata = [&] {
      const auto file = SafetensorsFile::Open(Weights());
      EXPECT_TRUE(IsOk(file));
      return (*file)->metadata();
    }();
    const auto weights = ReadCheckpoint(Weights());
    ASSERT_TRUE(IsOk(weights));
    CheckpointMetadata changed = metadata;
    changed[key] = value;
    if (value.empty()) changed.erase(key);
    ASSERT_TRUE(IsOk(SaveCheckpoint(Weights(), *weights, changed)));
  }

  // Expects an error event of this class that says `said`.
  void ExpectRefused(const Json& line, const std::string& failure_class, const std::string& said) {
    const Json end = Run(line);
    ASSERT_EQ(end["event"], "error") << end;
    EXPECT_EQ(end["class"], failure_class) << end;
    EXPECT_THAT(end["message"].get<std::string>(), HasSubstr(said));
  }

  TempDir folder_;
  bool cancelled_ = false;
};

TEST_F(PredictTest, SaysOfTheTestSongsWhatTheTrainingSaid) {
  for (const char* model : {"crnn1d", "rnn"}) {
    TinyJob options;
    options.model = model;
    const Json trained = Train(options);
    const Json result = Run(PredictJobLine());
    ASSERT_EQ(result["event"], "result") << result;
    ASSERT_EQ(result["predictions"].size(), 2U);
    for (std::size_t i = 0; i < 2; ++i) {
      const Json& before = trained["predictions"][i];
      const Json& row = result["predictions"][i];
      EXPECT_EQ(row["track"], before["track"]) << model;
      EXPECT_EQ(row["predicted"], before["predicted"]) << model;
      EXPECT_EQ(row["votes"], before["votes"]) << model;
      EXPECT_FALSE(row.contains("label"));
    }
  }
}

// A warm process: another checkpoint in the place of the one that is kept is read.
TEST_F(PredictTest, AModelThatIsKeptSaysTheSameAndNothingOfAnotherCheckpoint) {
  KeptModel kept;
  const SystemClock clock;
  const auto with_kept = [&] {
    Json line = PredictJobLine();
    const auto bytes = PosixFileSystem().ReadFile(Weights());
    EXPECT_TRUE(IsOk(bytes));
    line["weights_hash"] = Sha256Hex(*bytes);
    const RunHooks hooks{[](const Json&) {}, [] { return false; }};
    return RunJobLine(DumpJson(line), clock, hooks, kept)["predictions"];
  };
  Train();
  const Json first = with_kept();
  EXPECT_EQ(first, Run(PredictJobLine())["predictions"]);
  EXPECT_EQ(with_kept(), first);
  TinyJob longer;
  longer.epochs = 9;
  Train(longer);
  const Json other = with_kept();
  EXPECT_NE(other, first);
  EXPECT_EQ(other, Run(PredictJobLine())["predictions"]);
}

TEST_F(PredictTest, AModelIsMadeOnceForAContentAndAnewForAnotherOrAnUnknownOne) {
  Train();
  const auto facts = ReadCheckpointFacts(Weights());
  ASSERT_TRUE(IsOk(facts));
  const auto grid = MakeSliceGrid(facts->features, facts->slice_seconds, facts->overlap);
  ASSERT_TRUE(IsOk(grid));
  ModelAsked asked;
  asked.weights = Weights();
  asked.hash = "hash";
  asked.model = facts->model;
  asked.shape = {facts->features.n_mels, grid->frames,
                 static_cast<std::int64_t>(facts->classes.size())};
  KeptModel kept;
  const auto first = kept.Get(asked);
  ASSERT_TRUE(IsOk(first));
  EXPECT_EQ(*kept.Get(asked), *first);
  asked.hash = "another";
  const auto second = kept.Get(asked);
  EXPECT_NE(*second, *first);
  EXPECT_EQ(*kept.Get(asked), *second);
  kept.Drop();
  const auto third = kept.Get(asked);
  EXPECT_NE(*third, *second);
  asked.hash.clear();  // nobody knows what it is
  const auto fourth = kept.Get(asked);
  EXPECT_NE(*fourth, *third);
  EXPECT_NE(*kept.Get(asked), *fourth);
  asked.weights = folder_ / "missing.safetensors";
  EXPECT_EQ(kept.Get(asked).error().code, ErrorCode::kNotFound);
}

TEST_F(PredictTest, GivesAProbabilityForEveryClass) {
  TinyJob options;
  options.epochs = 15;
  Train(options);
  const Json result = Run(PredictJobLine());
  ASSERT_EQ(result["event"], "result") << result;
  for (const Json& row : result["predictions"]) {
    const auto probabilities = row["probabilities"].get<std::vector<double>>();
    ASSERT_EQ(probabilities.size(), 2U);
    EXPECT_NEAR(probabilities[0] + probabilities[1], 1, 1e-12);
    EXPECT_GT(probabilities[row["predicted"].get<std::size_t>()], 0.9);
    EXPECT_EQ(row["predicted"], row["track"].get<int>() % 2);
  }
  EXPECT_GE(result["timings"]["total_seconds"], result["timings"]["predict_seconds"]);
}

TEST_F(PredictTest, ACheckpointThatDoesNotSayWhatItIsIsBadData) {
  const std::map<std::string, std::string> nonsense{{"model", ""},
                                                    {"classes", "two"},
                                                    {"slice_seconds", "-1"},
                                                    {"overlap", "1"},
                                                    {"feature_spec", "{\"hop\":-3}"},
                                                    {"feature_spec_hash", ""}};
  for (const auto& [key, value] : nonsense) {
    Train();
    SetMetadata(key, value);
    const std::string named = key == "feature_spec" ? "hop" : key;
    ExpectRefused(PredictJobLine(), "bad_data", named);
    SetMetadata(key, "");
    ExpectRefused(PredictJobLine(), "bad_data", "has no " + key);
  }
  WriteFile(Weights(), "no safetensors file");
  ExpectRefused(PredictJobLine(), "bad_data", "best.safetensors");
  std::filesystem::remove(Weights());
  ExpectRefused(PredictJobLine(), "bad_data", "best.safetensors");
}

TEST_F(PredictTest, WeightsOfAnotherModelOrOtherClassesAreBadData) {
  Train();
  SetMetadata("model", "crnn1d");
  ExpectRefused(PredictJobLine(), "bad_data", "no weights of a crnn1d");
  SetMetadata("model", "rnn");
  SetMetadata("classes", R"(["low", "middle", "high"])");
  ExpectRefused(PredictJobLine(), "bad_data", "another shape");
  SetMetadata("model", "crnn3d");
  ExpectRefused(PredictJobLine(), "bad_config", "crnn3d");
}

TEST_F(PredictTest, WeightsThatAreNoNumbersAreBadData) {
  Train();
  auto weights = *ReadCheckpoint(Weights());
  weights.at("fc.bias").fill_(std::numeric_limits<float>::quiet_NaN());
  const CheckpointMetadata metadata = (*SafetensorsFile::Open(Weights()))->metadata();
  ASSERT_TRUE(IsOk(SaveCheckpoint(Weights(), weights, metadata)));
  ExpectRefused(PredictJobLine(), "bad_data", "NaN or infinite");
}

TEST_F(PredictTest, FeaturesOfAnotherSpecAreBadData) {
  Train();
  WriteTinyShard(folder_ / "shard.safetensors", TinySpectrograms(12), 12, "another");
  ExpectRefused(PredictJobLine(), "bad_data", "made under feature spec another");
}

TEST_F(PredictTest, WeightsOfAnotherSpecOrDatasetThanTheJobNamesAreRefusedByName) {
  Train();
  Json line = PredictJobLine();
  line["feature_spec"] = {{"hash", "another"}};
  ExpectRefused(line, "bad_data", "expected another");
  line = PredictJobLine();
  line["dataset"] = {{"version", "a-later-one"}};
  ExpectRefused(line, "bad_data",
                "best.safetensors: its weights were trained under dataset version " +
                    MakeTinyJob(folder_.path())["dataset"]["version"].get<std::string>() +
                    ", expected a-later-one");
}

TEST_F(PredictTest, ASliceLongerThanTheClipIsBadConfig) {
  Train();
  SetMetadata("slice_seconds", "3");
  ExpectRefused(PredictJobLine(), "bad_config", "129 frames, the clip has 87");
}

TEST_F(PredictTest, AJobThatLacksSomethingIsBadConfig) {
  Train();
  Json line = PredictJobLine();
  line.erase("weights");
  ExpectRefused(line, "bad_config", "weights");
  line = PredictJobLine();
  line["tracks"] = Json::array();
  ExpectRefused(line, "bad_config", "tracks");
  line = PredictJobLine();
  line["tracks"][1].erase("row");
  ExpectRefused(line, "bad_config", "song11.wav");
  line = PredictJobLine();
  line["tracks"][0] = 7;
  ExpectRefused(line, "bad_config", "track");
  line = PredictJobLine();
  line["device"] = "cuda:99";
  ExpectRefused(line, "bad_config", "cuda:99");
}

TEST_F(PredictTest, ACancelledJobSaysSo) {
  Train();
  cancelled_ = true;
  ExpectRefused(PredictJobLine(), "cancelled", "cancelled");
}

}  // namespace
}  // namespace tutti
