// What people take out of a finished sweep: tables, an export, a comparison, logs.
#include <filesystem>
#include <fstream>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/cluster.h"
#include "tests/support/tiny_music.h"

namespace tutti {
namespace {

using testing::HasSubstr;
using testing::Not;

class Tables : public testing::Test {
 protected:
  Tables() {
    cluster_.StartWorker("one", 2);
    cluster_.AddTinyMusic();
  }

  void Sweep(const TinySweep& sweep) {
    const std::string file = cluster_.SweepFile(TinySweepFile(sweep), sweep.name + ".yaml");
    const Outcome ended = cluster_.Tutti({"submit", file, "--wait"});
    ASSERT_EQ(ended.code(), 0) << testing::PrintToString(ended);
  }
  std::string Read(const std::string& file) { return ReadWholeFile(cluster_.path(file)); }

  Cluster cluster_;
};

constexpr char kReadme[] =
    "# Mine\r\n\r\nText | with | bars\r\n<!-- tutti:f1 -->\r\nold <!-- note -->\r\n"
    "<!-- /tutti:f1 -->\r\n\r\nBetween.\r\n<!-- tutti:performance -->\r\n"
    "<!-- /tutti:performance -->\r\n"
    "```\r\n<!-- tutti:f1 -->\r\n```\r\nThe end, without a line break";

TEST_F(Tables, UpdateTouchesOnlyTheMarks) {
  TinySweep sweep;
  Sweep(sweep);
  const std::filesystem::path readme = cluster_.path("README.md");
  WriteFile(readme, kReadme);
  std::filesystem::permissions(readme, std::filesystem::perms(0640));
  std::filesystem::create_symlink("README.md", cluster_.path("link.md"));
  const Outcome updated =
      cluster_.Tutti({"table", "tiny", "--update", cluster_.path("link.md").string()});
  ASSERT_EQ(updated.code(), 0) << testing::PrintToString(updated);
  EXPECT_EQ(updated.out, "") << "the tables are in the file";
  EXPECT_TRUE(std::filesystem::is_symlink(cluster_.path("link.md")));
  EXPECT_EQ(std::filesystem::status(readme).permissions(), std::filesystem::perms(0640));

  std::string text = Read("README.md");
  EXPECT_THAT(text, HasSubstr("| crnn1d | Average | "));
  EXPECT_THAT(text, HasSubstr("| Model  | Split Size | "));
  EXPECT_THAT(text, HasSubstr("split stratified"));
  EXPECT_THAT(text, Not(HasSubstr("old <!-- note -->")));
  // Take out what stands between the marks of both texts: the rest is the same, byte by byte.
  const auto without = [](std::string from) {
    for (const std::string name : {"f1", "performance"}) {
      const std::string open = "<!-- tutti:" + name + " -->";
      const std::size_t begin = from.find(open) + open.size();
      from.erase(begin, from.find("<!-- /tutti:" + name + " -->") - begin);
    }
    return from;
  };
  EXPECT_EQ(without(text), without(kReadme));

  const auto before = std::filesystem::last_write_time(readme);
  ASSERT_EQ(cluster_.Tutti({"table", "tiny", "--update", readme.string()}).code(), 0);
  EXPECT_EQ(std::filesystem::last_write_time(readme), before) << "nothing new, nothing written";
  EXPECT_EQ(Read("README.md"), text);
}

TEST_F(Tables, AFileWithoutMarksIsLeftAlone) {
  TinySweep sweep;
  sweep.models = "[rnn]";
  sweep.seeds = "[333]";
  Sweep(sweep);
  WriteFile(cluster_.path("notes.md"), "no marks\n");
  const Outcome refused =
      cluster_.Tutti({"table", "tiny", "--update", cluster_.path("notes.md").string()});
  EXPECT_EQ(refused.code(), 2);
  EXPECT_THAT(refused.err, HasSubstr("<!-- tutti:f1 -->"));
  EXPECT_EQ(Read("notes.md"), "no marks\n");
  const std::string spoken_of = "Only <!-- tutti:f1 --> and <!-- /tutti:f1 --> change.\n";
  WriteFile(cluster_.path("notes.md"), spoken_of);
  EXPECT_THAT(cluster_.Tutti({"table", "tiny", "--update", cluster_.path("notes.md").string()}).err,
              HasSubstr("no marks (that of line 1 does not count: it is not alone on its line)"));
  EXPECT_EQ(Read("notes.md"), spoken_of);
  WriteFile(cluster_.path("notes.md"), "<!-- tutti:f1 -->\n<!-- /tutti:f1 -->\n");
  const Outcome one =
      cluster_.Tutti({"table", "tiny", "--update", cluster_.path("notes.md").string()});
  EXPECT_EQ(one.code(), 0);
  EXPECT_THAT(one.err, HasSubstr("the table performance is not in it: no marks"));
  EXPECT_THAT(Read("notes.md"), HasSubstr("| rnn "));
  WriteFile(cluster_.path("notes.md"), "<!-- tutti:f1 -->\nhalf\n");
  EXPECT_EQ(
      cluster_.Tutti({"table", "tiny", "--update", cluster_.path("notes.md").string()}).code(), 2);
  EXPECT_EQ(Read("notes.md"), "<!-- tutti:f1 -->\nhalf\n");
}

TEST_F(Tables, EveryFormatAndAxis) {
  TinySweep sweep;
  sweep.models = "[rnn]";
  sweep.axes = "batch_size: [16, 8]";
  Sweep(sweep);
  const auto table = [&](std::vector<std::string> more) {
    more.insert(more.begin(), {"table", "tiny"});
    const Outcome outcome = cluster_.Tutti(more);
    EXPECT_EQ(outcome.code(), 0) << testing::PrintToString(outcome);
    return outcome.out;
  };
  EXPECT_THAT(table({"--columns", "batch_size", "--kind", "f1"}),
              HasSubstr("| training.batch_size=8 | training.batch_size=16 |"));
  EXPECT_THAT(
      table({"--rows", "batch_size", "--columns", "seed", "--kind", "f1"}),
      testing::AllOf(HasSubstr("| seed=123 "), HasSubstr("| seed=333 "), HasSubstr("\n| 8 ")));
  EXPECT_THAT(table({"--format", "latex"}), HasSubstr("\\begin{tabular}{llr}"));
  EXPECT_THAT(table({"--format", "csv"}),
              testing::StartsWith("model,slice_seconds,training.batch_size,done,"));
  EXPECT_THAT(table({"--against", "published", "--kind", "f1"}), HasSubstr("Published average"));
  EXPECT_THAT(table({"--metric", "song_accuracy", "--kind", "f1"}), HasSubstr(": song_accuracy,"));
  const Outcome unknown = cluster_.Tutti({"table", "tiny", "--rows", "colour"});
  EXPECT_EQ(unknown.code(), 2);
  EXPECT_THAT(unknown.err, HasSubstr("training.batch_size"));
}

TEST_F(Tables, ExportWritesTheStudysFolder) {
  TinySweep sweep;
  sweep.models = "[rnn]";
  sweep.more = "keep_weights: both\n";
  Sweep(sweep);
  const std::filesystem::path results = cluster_.path("results");
  const Json report = cluster_.TuttiJson({"export", "tiny", results.string()});
  EXPECT_EQ(report["written"], 2);
  for (const std::string seed : {"333", "123"}) {
    const std::filesystem::path run = results / "RNN" / ("seed_" + seed) / "1s";
    std::istringstream history(ReadWholeFile(run / "training_history.csv"));
    std::string line;
    std::getline(history, line);
    EXPECT_EQ(line, "epoch,train_loss,val_loss,train_acc,val_acc");
    int epochs = 0;
    while (std::getline(history, line)) ++epochs;
    EXPECT_EQ(epochs, 3);
    EXPECT_THAT(ReadWholeFile(run / "classification_report.csv"),
                testing::AllOf(HasSubstr(",precision,recall,f1-score,support\nbell,"),
                               HasSubstr("\nmacro avg,"), HasSubstr("\nweighted avg,")));
    EXPECT_THAT(ReadWholeFile(run / "confusion_matrix.csv"),
                testing::StartsWith(",bell,buzz,hiss\nbell,"));
    EXPECT_THAT(ReadWholeFile(run / "overall_metrics.csv"),
                testing::AllOf(HasSubstr("f1_macro,"), HasSubstr("slice_accuracy,"),
                               HasSubstr("execution_seconds,")));
    EXPECT_TRUE(std::filesystem::exists(run / "best_weights.safetensors"));
    EXPECT_TRUE(std::filesystem::exists(run / "last_weights.safetensors"));
  }
  EXPECT_THAT(ReadWholeFile(results / "run_info.txt"),
              testing::AllOf(HasSubstr("sweep: tiny"), HasSubstr("split: stratified"),
                             HasSubstr("RNN/seed_333/1s")));
}

TEST_F(Tables, WeightsThatWereNotKeptAreNamedAndAxesAreFolders) {
  TinySweep sweep;
  sweep.models = "[rnn]";
  sweep.seeds = "[333]";
  sweep.axes = "batch_size: [16, 8]";
  sweep.more = "keep_weights: none\n";
  Sweep(sweep);
  const std::filesystem::path results = cluster_.path("results");
  ASSERT_EQ(cluster_.Tutti({"export", "tiny", results.string()}).code(), 0);
  const std::filesystem::path run = results / "RNN/seed_333/1s/training.batch_size=8";
  EXPECT_TRUE(std::filesystem::exists(run / "training_history.csv"));
  EXPECT_FALSE(std::filesystem::exists(run / "best_weights.safetensors"));
  EXPECT_THAT(ReadWholeFile(results / "run_info.txt"), HasSubstr("best weights: not kept"));
}

TEST_F(Tables, CompareHoldsTwoSweepsAgainstEachOther) {
  TinySweep sweep;
  sweep.models = "[rnn]";
  sweep.seeds = "[333]";
  Sweep(sweep);
  sweep.name = "longer";
  sweep.epochs = 4;
  sweep.models = "[rnn, crnn1d]";
  Sweep(sweep);
  const Json compared = cluster_.TuttiJson({"compare", "tiny", "longer"});
  ASSERT_EQ(compared["cells"].size(), 2U);
  const Json& both = compared["cells"][0];
  EXPECT_EQ(both["config"]["model"], "rnn");
  EXPECT_DOUBLE_EQ(both["difference"].get<double>(), both["second"]["average"].get<double>() -
                                                         both["first"]["average"].get<double>());
  EXPECT_TRUE(compared["cells"][1]["first"].is_null()) << "only the second has crnn1d";
  EXPECT_THAT(cluster_.Tutti({"compare", "tiny", "longer"}).out, HasSubstr("| Difference |"));
  EXPECT_EQ(cluster_.Tutti({"compare", "tiny", "nothing"}).code(), 2);
}

TEST_F(Tables, EveryReportNamesTheTracksThatCannotBeDecoded) {
  WriteFile(cluster_.path("music/buzz/broken.wav"), "no audio");
  ASSERT_EQ(cluster_.Tutti({"dataset", "add", "tiny", cluster_.path("music")}).code(), 0);
  TinySweep sweep;
  sweep.models = "[rnn]";
  sweep.seeds = "[333]";
  Sweep(sweep);
  const auto named = HasSubstr("buzz/broken.wav");
  EXPECT_THAT(cluster_.Tutti({"table", "tiny"}).out, named);
  EXPECT_THAT(cluster_.Tutti({"table", "tiny", "--format", "latex"}).out,
              HasSubstr("\n% Left out: buzz/broken.wav ("));
  const Outcome csv = cluster_.Tutti({"table", "tiny", "--format", "csv"});
  EXPECT_THAT(csv.out, Not(named)) << "its columns are for programs";
  EXPECT_THAT(csv.err, HasSubstr("Left out: buzz/broken.wav ("));
  EXPECT_THAT(cluster_.Tutti({"report", "tiny"}).out, named);
  EXPECT_THAT(cluster_.Tutti({"show", "tiny"}).out, named);
  EXPECT_THAT(cluster_.Tutti({"compare", "tiny", "tiny"}).out,
              HasSubstr("\n\nLeft out: buzz/broken.wav ("));
  for (const std::vector<std::string>& command :
       {std::vector<std::string>{"table", "tiny"}, {"report", "tiny"}}) {
    EXPECT_EQ(cluster_.TuttiJson(command)["undecodable"][0]["path"], "buzz/broken.wav");
  }
  const Json compared = cluster_.TuttiJson({"compare", "tiny", "tiny"});
  EXPECT_EQ(compared["undecodable"]["second"][0]["path"], "buzz/broken.wav");
  ASSERT_EQ(cluster_.Tutti({"export", "tiny", cluster_.path("results").string()}).code(), 0);
  EXPECT_THAT(Read("results/run_info.txt"), named);
}

TEST_F(Tables, ReportTellsFindingsAndMatrices) {
  TinySweep sweep;
  sweep.models = "[rnn, crnn1d]";
  Sweep(sweep);
  const Outcome report = cluster_.Tutti({"report", "tiny"});
  ASSERT_EQ(report.code(), 0) << testing::PrintToString(report);
  EXPECT_THAT(report.out, testing::AllOf(HasSubstr("## Best model of each slice length"),
                                         HasSubstr("McNemar's exact test"), HasSubstr("| 95 %"),
                                         HasSubstr("### rnn 1s: songs by true class"),
                                         HasSubstr("## Time against accuracy")));
  const Json json = cluster_.TuttiJson({"report", "tiny"});
  ASSERT_EQ(json["best_models"].size(), 1U);
  ASSERT_EQ(json["songs"].size(), 2U);
  EXPECT_DOUBLE_EQ(json["songs"][0]["gain"].get<double>(),
                   json["songs"][0]["song_accuracy"].get<double>() -
                       json["songs"][0]["slice_accuracy"].get<double>());
  EXPECT_EQ(json["confusions"].size(), 2U);
  const Json& interval = json["cells"][0]["interval"];
  ASSERT_EQ(interval.size(), 2U);
  EXPECT_LE(interval[0].get<double>(), json["cells"][0]["average"].get<double>());
  EXPECT_GE(interval[1].get<double>(), json["cells"][0]["average"].get<double>());
}

TEST_F(Tables, LogsTellWhatARunPrintedAlsoOfOneThatSucceeded) {
  TinySweep sweep;
  sweep.models = "[rnn]";
  sweep.seeds = "[333]";
  Sweep(sweep);
  std::string id;
  for (const Json& job : cluster_.TuttiJson({"jobs", "tiny"})) {
    if (job["kind"] == "train") id = std::to_string(job["id"].get<int>());
  }
  const Outcome logs = cluster_.Tutti({"logs", id, "--follow"});
  EXPECT_EQ(logs.code(), 0) << testing::PrintToString(logs);
  EXPECT_THAT(logs.out, testing::AllOf(HasSubstr("rnn, slices of 43 frames"), HasSubstr("best")));
  EXPECT_EQ(cluster_.Tutti({"logs", id, "--attempt", "7"}).code(), 2);
  EXPECT_EQ(cluster_.Tutti({"logs", "4711"}).code(), 2);
}

TEST_F(Tables, ReplayGivesTheSameWeightsAndMetricsAndChangesNoRow) {
  TinySweep sweep;
  sweep.models = "[crnn1d]";
  sweep.seeds = "[333]";
  Sweep(sweep);
  std::string id;
  std::string shard;
  const Json before = cluster_.TuttiJson({"jobs", "tiny"});
  for (const Json& job : before) {
    (job["kind"] == "train" ? id : shard) = std::to_string(job["id"].get<int>());
  }
  const Json replay = cluster_.TuttiJson({"replay", id});
  EXPECT_TRUE(replay["equal"].get<bool>()) << replay;
  std::set<std::string> names;
  for (const Json& row : replay["results"]) names.insert(row["name"].get<std::string>());
  EXPECT_TRUE(names.contains("best weights") && names.contains("f1_macro")) << replay;
  EXPECT_EQ(cluster_.TuttiJson({"jobs", "tiny"}), before);
  EXPECT_EQ(cluster_.Tutti({"replay", shard}).code(), 2) << "features are nobody's run";
}

}  // namespace
}  // namespace tutti
