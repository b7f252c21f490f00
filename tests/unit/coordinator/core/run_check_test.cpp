#include "coordinator/core/run_check.h"

#include <array>
#include <string>

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

TEST_F(RunCheckTest, AClassOfTooFewSongsIsNamedAlsoWhereClassesAreChosen) {
  // All of rock but one song.
  std::erase_if(manifest_.tracks, [left = 1](const ManifestTrack& track) mutable {
    return track.label == 2 && left-- <= 0;
  });
  ExpectRefused(Config(), "class \"rock\" has 1 track left");
  Json config = Config();
  config["split"] = {{"kind", "kfold"}, {"folds", 4}};
  ExpectRefused(config, "class \"rock\" has 1 track, 4 folds");
  config["classes"] = {"jazz", "rock"};
  ExpectRefused(config, "class \"rock\" has 1 track, 4 folds");
  RunChecker checker(manifest_);
  config["classes"] = {"jazz", "blues"};
  EXPECT_TRUE(IsOk(checker.Check(config)));

  CoreHarness harness;
  EXPECT_TRUE(FailsWith(harness.Submit(MakeSweepSpec("s", {"rnn"}, {1}), manifest_),
                        ErrorCode::kInvalidArgument, "class \"rock\" has 1 track left"));
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
  for (const char* kind : {"stratified", "kfold"}) {
    config["split"]["kind"] = kind;
    ExpectRefused(config, "000002.wav and 000009.wav");
  }
}

TEST_F(RunCheckTest, DuplicatesThatCannotPartAreNoneToRefuse) {
  Json config = Config();
  config["split"]["duplicates"] = "refuse";
  const auto passes = [&] {
    RunChecker checker(manifest_);
    return IsOk(checker.Check(config));
  };
  manifest_.tracks[9].content_hash = manifest_.tracks[0].content_hash;  // both blues
  EXPECT_FALSE(passes());
  config["split"]["kind"] = "grouped";
  EXPECT_TRUE(passes()) << "equal contents are one group";
  config["split"]["kind"] = "stratified";
  config["classes"] = {"jazz", "rock"};
  EXPECT_TRUE(passes()) << "their class takes no part";
}

TEST_F(RunCheckTest, ByFileDuplicatesAreRefusedWhereTheirPartsDifferOrValidationIsStillToBeTaken) {
  Json config = Config();
  config["split"] = {{"kind", "file"}, {"validation", 0.2}, {"duplicates", "refuse"}};
  const std::array<std::string, 3> parts{"train", "validation", "test"};
  for (std::size_t i = 0; i < manifest_.tracks.size(); ++i) {
    manifest_.tracks[i].part = parts[(i / 3) % 3];
  }
  ManifestTrack& first = manifest_.tracks[0];
  ManifestTrack& second = manifest_.tracks[9];
  ASSERT_EQ(first.part, second.part);
  second.content_hash = first.content_hash;
  const auto passes = [&] {
    RunChecker checker(manifest_);
    return IsOk(checker.Check(config));
  };
  EXPECT_TRUE(passes());
  second.part = "test";
  ExpectRefused(config, "000000.wav and 000009.wav");
  second.part = "";
  EXPECT_TRUE(passes()) << "what is in no part is not heard";
  second.part = "train";
  for (ManifestTrack& track : manifest_.tracks) {
    if (track.part == "validation") track.part = "train";
  }
  ExpectRefused(config, "000000.wav and 000009.wav");
  first.part = second.part = "test";
  EXPECT_TRUE(passes());
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
    return ExpectedCost(config, {});
  };
  EXPECT_GT(cost("/model", "cnn"), cost("/model", "crnn2d"));
  EXPECT_GT(cost("/model", "crnn2d"), cost("/model", "crnn1d"));
  EXPECT_GT(cost("/model", "crnn1d"), cost("/model", "rnn"));
  EXPECT_EQ(cost("/model", "unheard of"), cost("/model", "cnn"));
  EXPECT_GT(cost("/training/epochs", 300), cost("/training/epochs", 30));
  EXPECT_GT(cost("/training/overlap", 0.5), cost("/training/overlap", 0.0));
  EXPECT_GT(ExpectedCost(Json::object(), {}), 0);
}

}  // namespace
}  // namespace tutti
