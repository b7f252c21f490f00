#include "cli/result_tables.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/result_matchers.h"

namespace tutti {
namespace {

using testing::HasSubstr;

struct CellOf {
  std::string model;
  double slice_seconds = 1;
  std::vector<double> values;
  int planned = 3;
  std::string more;  // of the configuration
};

v1::GetTableResponse TableOf(const std::vector<CellOf>& cells) {
  v1::GetTableResponse table;
  table.set_sweep("s");
  table.set_split("stratified");
  table.set_protocol("correct");
  table.set_metric("f1_macro");
  table.set_dataset_version("0123456789abcdef");
  for (const CellOf& given : cells) {
    const std::string config = "{\"model\":\"" + given.model +
                               "\",\"slice_seconds\":" + Json(given.slice_seconds).dump() +
                               given.more + "}";
    auto* cell = table.add_cells();
    cell->set_config_json(config);
    cell->set_model(given.model);
    cell->set_slice_seconds(given.slice_seconds);
    cell->set_done(static_cast<int>(given.values.size()));
    cell->set_planned(given.planned);
    double sum = 0;
    for (std::size_t i = 0; i < given.values.size(); ++i) {
      (*cell->mutable_values())[std::to_string(i)] = given.values[i];
      sum += given.values[i];
    }
    if (!given.values.empty()) {
      cell->set_average(sum / static_cast<double>(given.values.size()));
      cell->set_best(*std::ranges::max_element(given.values));
    }
    if (given.values.size() > 1) cell->set_std(0.125);
    auto* performance = table.add_performance();
    performance->set_config_json(config);
    performance->set_model(given.model);
    performance->set_slice_seconds(given.slice_seconds);
    performance->set_done(cell->done());
    performance->set_planned(cell->planned());
    if (!given.values.empty()) performance->mutable_epochs()->set_mean(12.5);
  }
  return table;
}

std::string F1Text(const v1::GetTableResponse& table, const TableAxes& axes = {},
                   Against against = Against::kNothing) {
  const auto text = F1Table(table, axes, against);
  EXPECT_TRUE(IsOk(text));
  return text.ok() ? MarkdownTable(*text) : "";
}

TEST(ResultTables, TheFirstIsLaidOutAsTheStudys) {
  const std::string text =
      F1Text(TableOf({{"cnn", 10, {0.5, 0.75}}, {"cnn", 3, {0.75, 0.875}}, {"rnn", 3, {}, 3}}));
  EXPECT_EQ(text,
            "| Model | Type    | 3s           | 10s      |\n"
            "|-------|---------|--------------|----------|\n"
            "| cnn   | Average | **0.812500** | 0.625000 |\n"
            "| cnn   | Best    | **0.875000** | 0.750000 |\n"
            "| cnn   | Std     | 0.125000     | 0.125000 |\n"
            "| cnn   | Done    | 2/3          | 2/3      |\n"
            "| rnn   | Average | –            | –        |\n"
            "| rnn   | Best    | –            | –        |\n"
            "| rnn   | Std     | –            | –        |\n"
            "| rnn   | Done    | 0/3          | –        |\n");
}

TEST(ResultTables, FurtherAxesNameTheirRows) {
  const std::string text =
      F1Text(TableOf({{"cnn", 1, {0.5}, 1, ",\"training.learning_rate\":0.01"},
                      {"cnn", 1, {0.25}, 1, ",\"training.learning_rate\":0.1"}}));
  EXPECT_THAT(text, HasSubstr("cnn (training.learning_rate=0.01)"));
  EXPECT_THAT(text, HasSubstr("cnn (training.learning_rate=0.1)"));
}

TEST(ResultTables, TheSecondTellsMeansAndWhatIsMissing) {
  const std::string text = MarkdownTable(PerformanceTable(TableOf({{"cnn", 1, {0.5}, 3}})));
  EXPECT_THAT(text, HasSubstr("12.5"));
  EXPECT_THAT(text, HasSubstr("1/3"));
  EXPECT_THAT(text, HasSubstr("Execution Time"));
}

TEST(ResultTables, JsonHasNullWhereThereIsNoFigure) {
  const auto json = TableJson(TableOf({{"cnn", 1, {0.5}, 3}, {"rnn", 1, {}, 3}}));
  ASSERT_TRUE(IsOk(json));
  const auto& cells = (*json)["cells"];
  EXPECT_EQ(cells[0]["average"], 0.5);
  EXPECT_TRUE(cells[0]["std"].is_null());
  EXPECT_EQ(cells[0]["values"]["0"], 0.5);
  EXPECT_TRUE(cells[1]["average"].is_null());
  EXPECT_EQ(cells[1]["config"]["model"], "rnn");
  EXPECT_TRUE((*json)["performance"][1]["epochs"]["mean"].is_null());
}

TEST(ResultTables, CsvHasOneRowACell) {
  const std::string text =
      TableCsv(TableOf({{"cnn", 1, {0.5}, 3, ",\"a\":1,\"b\":2"}, {"rnn", 1, {}, 3}}));
  EXPECT_THAT(text, testing::StartsWith("model,slice_seconds,a,b,done,planned,average,best,std,"));
  EXPECT_THAT(text, HasSubstr("\ncnn,1.0,1,2,1,3,0.5,0.5,,"));
  EXPECT_THAT(text, HasSubstr("\nrnn,1.0,–,–,0,3,,,,"));
}

TEST(ResultTables, TracksThatWereLeftOutAreNamed) {
  auto table = TableOf({});
  auto* track = table.add_undecodable();
  track->set_path("jazz/jazz.00054.wav");
  track->set_message("no audio");
  EXPECT_EQ(TableNotes(table), "Left out: jazz/jazz.00054.wav (no audio)\n");
}

TEST(ResultTables, CrossingDuplicatesAndMixedCellsAreNotedBelow) {
  auto table = TableOf({{"cnn", 1, {0.5, 0.25}}, {"rnn", 3, {0.5, 0.25}}});
  EXPECT_EQ(TableNotes(table), "");
  table.set_crossing_duplicates(7);
  table.mutable_cells(1)->set_mixed_environment(true);
  const std::string notes = TableNotes(table);
  EXPECT_THAT(notes, HasSubstr("Duplicates: up to 7 songs"));
  EXPECT_THAT(notes,
              HasSubstr("Mixed: the runs of {\"model\":\"rnn\",\"slice_seconds\":3.0} differ"));
  EXPECT_THAT(notes, testing::Not(HasSubstr("cnn")));
  const auto json = TableJson(table);
  ASSERT_TRUE(IsOk(json));
  EXPECT_EQ((*json)["crossing_duplicates"], 7);
  EXPECT_EQ((*json)["cells"][0]["mixed_environment"], false);
  EXPECT_EQ((*json)["cells"][1]["mixed_environment"], true);
}

TEST(ResultTables, AnyAxisGivesRowsOrColumns) {
  const auto table = TableOf({{"cnn", 1, {0.5}, 1, ",\"training.batch_size\":32"},
                              {"cnn", 1, {0.25}, 1, ",\"training.batch_size\":16"},
                              {"rnn", 1, {0.75}, 1, ",\"training.batch_size\":16"}});
  const std::string text = F1Text(table, {"batch_size", "model"});
  EXPECT_THAT(text, testing::StartsWith("| training.batch_size | Type    | model=cnn"));
  EXPECT_THAT(text, HasSubstr("| 32                  | Average | **0.500000** | –"));
  EXPECT_THAT(text, HasSubstr("| 16                  | Average | 0.250000     | **0.750000** |"));
  EXPECT_THAT(F1Text(table, {"", "batch_size"}),
              HasSubstr("| training.batch_size=16 | training.batch_size=32 |"));
}

TEST(ResultTables, SeedsAsColumnsShowEveryRun) {
  const std::string text = F1Text(TableOf({{"cnn", 1, {0.5, 0.75}, 3}}), {"", "seed"});
  EXPECT_THAT(text, HasSubstr("seed=0   | seed=1"));
  EXPECT_THAT(text, HasSubstr("0.500000 | **0.750000** |"));
}

TEST(ResultTables, AnUnknownAxisIsRefusedWithThoseThatThereAre) {
  const auto table = TableOf({{"cnn", 1, {0.5}, 1, ",\"training.batch_size\":32"}});
  const auto refused = F1Table(table, {"colour", ""});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(refused.error().message, HasSubstr("--rows: the sweep has no axis \"colour\""));
  EXPECT_THAT(refused.error().message, HasSubstr("training.batch_size"));
  EXPECT_FALSE(F1Table(table, {"model", "model"}).ok());
}

TEST(ResultTables, ThePublishedFiguresStandBesideOurs) {
  const auto table = TableOf({{"cnn", 1, {0.954827}, 1}, {"cnn", 7, {0.5}, 1}});
  const std::string text = F1Text(table, {}, Against::kPublished);
  EXPECT_THAT(text, HasSubstr("| cnn   | Published average   | **0.854827** | –"));
  EXPECT_THAT(text, HasSubstr("| cnn   | Published best      | **0.892154** | –"));
  EXPECT_THAT(text, HasSubstr("| cnn   | Average − published | 0.100000     | –"));
  EXPECT_THAT(
      MarkdownTable(PerformanceTable(table, Against::kPublished)),
      HasSubstr("| cnn (published) | 1s         | 0.799167       | 0.900000      | 21m 1s"));
  const auto json = TableJson(table, Against::kPublished);
  ASSERT_TRUE(IsOk(json));
  EXPECT_EQ((*json)["cells"][0]["published"]["best"], 0.892154);
  EXPECT_EQ((*json)["performance"][0]["published"]["epochs"], 106);
  EXPECT_TRUE((*json)["cells"][1]["published"].is_null());
  EXPECT_FALSE(F1Table(table, {"seed", ""}, Against::kPublished).ok());
}

TEST(ResultTables, LatexEscapesWhatItsReaderWouldTakeForCommands) {
  TextTable table{{"Model", "1s"}, {{"a_b & 100 %", "0.5 ± 0.1"}}, {{0, 1}}};
  EXPECT_EQ(LatexTable(table),
            "\\begin{tabular}{lr}\n\\hline\nModel & 1s \\\\\n\\hline\n"
            "a\\_b \\& 100 \\% & \\textbf{0.5 $\\pm$ 0.1} \\\\\n\\hline\n\\end{tabular}\n");
}

}  // namespace
}  // namespace tutti
