// `tutti local`: everything on one machine with one command.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/program.h"
#include "tests/support/temp_dir.h"
#include "tests/support/tiny_music.h"

namespace tutti {
namespace {

using testing::HasSubstr;

class LocalTest : public testing::Test {
 protected:
  LocalTest() {
    WriteTinyMusic(folder_ / "music");
    WriteFile(folder_ / "sweep.yaml", TinySweepFile());
  }

  Outcome Local(std::vector<std::string> more = {}) {
    std::vector<std::string> arguments{"local", folder_ / "sweep.yaml", "--dir", folder_ / "work"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return RunBinary("tutti", arguments);
  }
  Outcome InDir(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--dir", folder_ / "work"});
    return RunBinary("tutti", arguments);
  }

  TempDir folder_;
};

TEST_F(LocalTest, PrintsTheDocumentedJson) {
  const Outcome outcome = Local({"--dataset", folder_ / "music", "--json"});
  ASSERT_EQ(outcome.code(), 0) << testing::PrintToString(outcome);
  const Json table = outcome.json();
  EXPECT_EQ(table["sweep"], "tiny");
  EXPECT_EQ(table["split"], "stratified");
  EXPECT_EQ(table["protocol"], "correct");
  EXPECT_EQ(table["metric"], "f1_macro");
  EXPECT_EQ(table["dataset_version"].get<std::string>().size(), 64U);
  ASSERT_EQ(table["cells"].size(), 2U);
  for (const Json& cell : table["cells"]) {
    EXPECT_EQ(cell["config"], (Json{{"model", cell["model"]}, {"slice_seconds", 1}})) << cell;
    EXPECT_EQ(cell["slice_seconds"], 1);
    EXPECT_EQ(cell["done"], 2);
    EXPECT_EQ(cell["planned"], 2);
    const double first = cell["values"]["333"];
    const double second = cell["values"]["123"];
    EXPECT_DOUBLE_EQ(cell["average"], (first + second) / 2);
    EXPECT_DOUBLE_EQ(cell["best"], std::max(first, second));
    EXPECT_TRUE(cell["std"].is_number());
  }
  ASSERT_EQ(table["performance"].size(), 2U);
  for (const char* key : {"slice_accuracy", "song_accuracy", "execution_seconds", "epochs"}) {
    EXPECT_TRUE(table["performance"][0][key]["mean"].is_number()) << key;
    EXPECT_TRUE(table["performance"][0][key].contains("std")) << key;
  }
}

TEST_F(LocalTest, TheSecondCallHasNothingToDo) {
  ASSERT_EQ(Local({"--dataset", folder_ / "music"}).code(), 0);
  const Outcome again = Local({"--dataset", folder_ / "music"});
  EXPECT_EQ(again.code(), 0) << testing::PrintToString(again);
  EXPECT_THAT(again.err, HasSubstr("unchanged"));
  EXPECT_THAT(again.out, HasSubstr("2/2"));
}

TEST_F(LocalTest, ItsFolderAnswersEveryCommand) {
  const Outcome ran = Local({"--dataset", folder_ / "music", "--quiet"});
  ASSERT_EQ(ran.code(), 0) << testing::PrintToString(ran);
  EXPECT_EQ(ran.out, "tiny\n");
  const Outcome table = InDir({"table", "tiny", "--kind", "f1"});
  EXPECT_EQ(table.code(), 0);
  EXPECT_THAT(table.out, HasSubstr("| Average"));
  EXPECT_THAT(table.out, HasSubstr("| Best"));
  EXPECT_THAT(table.out, HasSubstr("**"));
  EXPECT_EQ(InDir({"sweeps", "--quiet"}).out, "tiny\n");
  EXPECT_EQ(InDir({"dataset", "list", "--quiet"}).out, "tiny\n");
  const Json dataset = InDir({"dataset", "show", "tiny", "--json"}).json();
  EXPECT_EQ(dataset["tracks"], 30);
  EXPECT_EQ(InDir({"jobs", "nothing"}).code(), 2);
  EXPECT_EQ(InDir({"show", "999999"}).code(), 2);
}

// Everything of a table but what a clock has said.
Json WithoutTimes(Json table) {
  for (Json& row : table["performance"]) row.erase("execution_seconds");
  return table;
}

TEST_F(LocalTest, TwoFreshFoldersGiveTheSameTablesCurvesAndWeights) {
  const std::vector<std::string> dataset{"--dataset", folder_ / "music", "--json"};
  const Outcome first = Local(dataset);
  ASSERT_EQ(first.code(), 0) << testing::PrintToString(first);
  const auto facts = [&] {
    Json runs = Json::object();
    for (const Json& job : InDir({"jobs", "tiny", "--json"}).json()) {
      if (job["kind"] != "train") continue;
      const std::string id = std::to_string(job["id"].get<std::int64_t>());
      const Json shown = InDir({"show", id, "--json"}).json();
      Json curve = Json::array();
      for (Json point : shown["epochs"]) {
        point.erase("seconds");
        curve.push_back(point);
      }
      EXPECT_FALSE(curve.empty()) << shown;
      runs[shown["key"].get<std::string>()] = {{"artifacts", shown["artifacts"]}, {"curve", curve}};
    }
    return runs;
  };
  const Json of_first = facts();
  std::filesystem::rename(folder_ / "work", folder_ / "first");
  const Outcome second = Local(dataset);
  ASSERT_EQ(second.code(), 0) << testing::PrintToString(second);
  EXPECT_EQ(WithoutTimes(first.json()), WithoutTimes(second.json()));
  EXPECT_EQ(of_first.size(), 4U);
  EXPECT_EQ(of_first, facts());
}

TEST_F(LocalTest, MoreWorkersShareTheMachine) {
  const Outcome ran = Local({"--dataset", folder_ / "music", "--workers", "2"});
  ASSERT_EQ(ran.code(), 0) << testing::PrintToString(ran);
  EXPECT_EQ(InDir({"workers", "--json"}).json().size(), 2U);
}

}  // namespace
}  // namespace tutti
