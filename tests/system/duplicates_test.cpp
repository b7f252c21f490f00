// Equal music on two sides of a split, whatever kind made it: counted in each run's result, and
// said under both tables.
#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/cluster.h"
#include "tests/support/tiny_music.h"

namespace tutti {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr char kSplit[] = "split: {test: 0.2, validation: 0.25, folds: 4, fold: 1}\n";

std::string SweepText(const std::string& name, const std::string& kinds) {
  return "name: " + name +
         "\ndataset: pairs\n"
         "grid:\n  model: [rnn]\n  slice_seconds: [1]\n  seed: [333]\n  split.kind: " +
         kinds + "\ntraining: {epochs: 1, patience: 1}\nfeatures: {clip_seconds: 2}\n" + kSplit;
}

// Sixty songs of which each is there twice, and of which split.csv parts exactly three: one between
// any two sides.
class Duplicates : public testing::Test {
 protected:
  Duplicates() {
    WriteTinyMusic(root());
    std::string parts = "path,part\n";
    int number = 0;
    for (const char* name : {"bell", "buzz", "hiss"}) {
      for (int i = 0; i < 10; ++i, ++number) {
        const std::string end = ".0" + std::to_string(i) + ".wav";
        const std::string song = std::string(name) + "/" + name + end;
        const std::string again = std::string(name) + "/again" + end;
        std::filesystem::copy_file(root() / song, root() / again);
        const char* part = i < 6 ? "train" : i < 8 ? "validation" : "test";
        const char* other = number == 5    ? "validation"
                            : number == 15 ? "test"
                            : number == 27 ? "test"
                                           : part;
        parts += song + "," + part + "\n" + again + "," + other + "\n";
      }
    }
    WriteFile(root() / "split.csv", parts);
  }

  std::filesystem::path root() const { return cluster_.path("pairs"); }

  // Of the validation and test parts, songs whose twin is on a side before.
  int CountCrossing(const std::string& kind) {
    const Json split =
        RunBinary("tutti", {"dataset", "split", root(), "--kind", kind, "--seed", "333", "--test",
                            "0.2", "--validation", "0.25", "--folds", "4", "--fold", "1", "--json"})
            .json();
    std::set<std::string> heard;
    int count = 0;
    for (const char* part : {"train", "validation", "test"}) {
      std::set<std::string> here;
      for (const Json& path : split.at(part)) {
        // bell/bell.03.wav and bell/again.03.wav are bell 03.
        const std::string text = path;
        const std::string content = text.substr(0, text.find('/')) + text.substr(text.find('.'));
        here.insert(content);
        count += heard.contains(content) ? 1 : 0;
      }
      heard.merge(here);
    }
    return count;
  }

  Cluster cluster_;
};

TEST_F(Duplicates, ThatCrossAreCountedInTheResultAndSaidUnderBothTables) {
  cluster_.StartWorker("one", 2);
  ASSERT_EQ(cluster_.Tutti({"dataset", "add", "pairs", root()}).code(), 0);
  const std::string file =
      cluster_.SweepFile(SweepText("parted", "[stratified, kfold, file]"), "parted.yaml");
  const Outcome ended = cluster_.Tutti({"submit", file, "--wait"});
  ASSERT_EQ(ended.code(), 0) << testing::PrintToString(ended);

  std::map<std::string, int> counted;
  for (const Json& job : cluster_.TuttiJson({"jobs", "parted"})) {
    if (job["kind"] != "train") continue;
    const Json run = cluster_.TuttiJson({"show", std::to_string(job["id"].get<int>())});
    counted[run["config"]["split"]["kind"]] = run["metrics"]["crossing_duplicates"].get<int>();
  }
  EXPECT_EQ(counted, (std::map<std::string, int>{{"stratified", CountCrossing("stratified")},
                                                 {"kfold", CountCrossing("kfold")},
                                                 {"file", 3}}));
  EXPECT_GT(counted["stratified"], 3);
  EXPECT_GT(counted["kfold"], 3);
  EXPECT_EQ(CountCrossing("file"), 3);

  const std::string most = std::to_string(std::max(counted["stratified"], counted["kfold"]));
  for (const char* kind : {"f1", "performance", "all"}) {
    EXPECT_THAT(cluster_.Tutti({"table", "parted", "--kind", kind}).out,
                HasSubstr("Duplicates: up to " + most + " songs"))
        << kind;
  }
  EXPECT_EQ(cluster_.TuttiJson({"table", "parted"})["crossing_duplicates"], std::stoi(most));
}

TEST_F(Duplicates, GroupedKeepsThemTogetherAndTheOtherKindsRefuseThemWhereTheyAreTold) {
  cluster_.StartWorker("one", 2);
  ASSERT_EQ(cluster_.Tutti({"dataset", "add", "pairs", root()}).code(), 0);
  const auto submit = [&](const std::string& kinds) {
    const std::string name = "refusing";
    std::string text = SweepText(name, kinds);
    text.insert(text.rfind('}'), ", duplicates: refuse");
    return cluster_.Tutti({"submit", cluster_.SweepFile(text, name + ".yaml"), "--wait"});
  };
  for (const char* kind : {"[stratified]", "[kfold]", "[file]", "[grouped, stratified]"}) {
    const Outcome refused = submit(kind);
    EXPECT_EQ(refused.code(), 2) << kind << testing::PrintToString(refused);
    EXPECT_THAT(refused.err, HasSubstr("have the same content")) << kind;
    EXPECT_THAT(refused.err, testing::ContainsRegex("again\\.0[0-9]\\.wav and [a-z]+/")) << kind;
  }
  const Outcome ended = submit("[grouped]");
  ASSERT_EQ(ended.code(), 0) << testing::PrintToString(ended);
  EXPECT_EQ(CountCrossing("grouped"), 0);
  const Json table = cluster_.TuttiJson({"table", "refusing"});
  EXPECT_EQ(table["cells"][0]["done"], 1);
  EXPECT_EQ(table["crossing_duplicates"], 0);
  EXPECT_THAT(cluster_.Tutti({"table", "refusing"}).out, Not(HasSubstr("Duplicates")));
}

}  // namespace
}  // namespace tutti
