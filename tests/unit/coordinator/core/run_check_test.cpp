#include "coordinator/core/run_check.h"

#include <gtest/gtest.h>

#include "coordinator/core/class_selection.h"
#include "coordinator/core/expected_cost.h"
#include "tests/support/core_harness.h"
#include "tests/support/result_matchers.h"

namespace tutti {
namespace {

Json Config() {
  Json config = MakeSweepSpec("base", {"cnn"}, {1}).options;
  config["model"] = "cnn";
  config["seed"] = 1;
  return config;
}

class RunCheckTest : public testing::Test {
 protected:
  void ExpectRefused(const Json& config, const std::string& part) {
    RunChecker checker(manifest_);
    EXPECT_TRUE(FailsWith(checker.Check(config), ErrorCode::kInvalidArgument, part));
    EXPECT_TRUE(FailsWith(checker.Check(config), ErrorCode::kInvalidArgument, part))
        << "a second time too";
  }

  Manifest manifest_ = MakeManifest(60, {"blues", "jazz", "rock"});
};

TEST_F(RunCheckTest, AGoodRunGivesItsFeatureSpec) {
  RunChecker checker(manifest_);
  Json config = Config();
  config["features"]["n_mels"] = 64;
  const auto spec = checker.Check(config);
  ASSERT_TRUE(IsOk(spec));
  EXPECT_EQ(checker.specs().at(*spec).n_mels, 64);
  EXPECT_EQ(*checker.Check(config), *spec);
  ASSERT_TRUE(IsOk(checker.Check(Config())));
  EXPECT_EQ(checker.specs().size(), 2U);
}

TEST_F(RunCheckTest, SlicesFromSixteenFramesToTheWholeClipAreTaken) {
  RunChecker checker(manifest_);
  for (const double slice : {0.38, 1.0, 30.0}) {
    Json config = Config();
    config["slice_seconds"] = slice;
    EXPECT_TRUE(IsOk(checker.Check(config))) << slice;
  }
}

TEST_F(RunCheckTest, ASliceThatDoesNotFitIsNamed) {
  Json config = Config();
  config["slice_seconds"] = 30.5;
  ExpectRefused(config, "slice_seconds: 30.5 is longer than a clip");
  config["slice_seconds"] = 0.37;
  ExpectRefused(config, "slice_seconds: 0.37 gives 15 frames; expected 16 or more");
}

TEST_F(RunCheckTest, ABadFeatureOptionIsNamed) {
  Json config = Config();
  config["features"]["hop"] = 0;
  ExpectRefused(config, "hop");
}

TEST_F(RunCheckTest, ClassesMustBeThereOnceAndTwoAtLeast) {
  Json config = Config();
  config["classes"] = {"blues", "polka"};
  ExpectRefused(config, "no class \"polka\"; it has [\"blues\",\"jazz\",\"rock\"]");
  config["classes"] = {"blues", "blues"};
  ExpectRefused(config, "\"blues\" is named twice");
  config["classes"] = {"blues"};
  ExpectRefused(config, "two or more");
  config["classes"] = "some";
  ExpectRefused(config, "expected all, or a list");
}

TEST_F(RunCheckTest, TooFewTracksForTheSplitAreRefused) {
  manifest_ = MakeManifest(9, {"blues", "jazz", "rock"});
  ExpectRefused(Config(), "split of 9 tracks");
}

TEST_F(RunCheckTest, AnUnknownSplitIsRefused) {
  Json config = Config();
  config["split"]["kind"] = "random";
  ExpectRefused(config, "split.kind");
}

TEST_F(RunCheckTest, DuplicatesAreRefusedWhereTheSplitSaysSo) {
  manifest_.tracks[9].content_hash = manifest_.tracks[2].content_hash;
  RunChecker checker(manifest_);
  EXPECT_TRUE(IsOk(checker.Check(Config())));
  Json config = Config();
  config["split"]["duplicates"] = "refuse";
  ExpectRefused(config, "000002.wav and 000009.wav");
}

TEST(ClassSelection, KeepsTheManifestsOrderAndRenumbers) {
  const Manifest manifest = MakeManifest(6, {"blues", "jazz", "rock"});
  const auto some = SelectClasses(manifest, {"rock", "blues"});
  ASSERT_TRUE(IsOk(some));
  EXPECT_EQ(some->classes, (std::vector<std::string>{"blues", "rock"}));
  EXPECT_EQ(some->tracks, (std::vector<std::int64_t>{0, 2, 3, 5}));
  EXPECT_EQ(some->labels, (std::vector<std::int32_t>{0, 1, 0, 1}));
  const auto all = SelectClasses(manifest, "all");
  ASSERT_TRUE(IsOk(all));
  EXPECT_EQ(all->labels, (std::vector<std::int32_t>{0, 1, 2, 0, 1, 2}));
}

TEST(ExpectedCost, OrdersModelsEpochsAndOverlaps) {
  const auto cost = [](const char* path, const Json& value) {
    Json config = Config();
    config[Json::json_pointer(path)] = value;
    return ExpectedCostSeconds(config, {});
  };
  EXPECT_GT(cost("/model", "cnn"), cost("/model", "crnn2d"));
  EXPECT_GT(cost("/model", "crnn2d"), cost("/model", "crnn1d"));
  EXPECT_GT(cost("/model", "crnn1d"), cost("/model", "rnn"));
  EXPECT_EQ(cost("/model", "unheard of"), cost("/model", "cnn"));
  EXPECT_GT(cost("/training/epochs", 300), cost("/training/epochs", 30));
  EXPECT_GT(cost("/training/overlap", 0.5), cost("/training/overlap", 0.0));
  EXPECT_GT(ExpectedCostSeconds(Json::object(), {}), 0);
}

}  // namespace
}  // namespace tutti
