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

TEST(ResultTables, TheFirstIsLaidOutAsTheStudys) {
  const std::string text =
      F1Markdown(TableOf({{"cnn", 10, {0.5, 0.75}}, {"cnn", 3, {0.75, 0.875}}, {"rnn", 3, {}, 3}}));
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
      F1Markdown(TableOf({{"cnn", 1, {0.5}, 1, ",\"training.learning_rate\":0.01"},
                          {"cnn", 1, {0.25}, 1, ",\"training.learning_rate\":0.1"}}));
  EXPECT_THAT(text, HasSubstr("cnn (training.learning_rate=0.01)"));
  EXPECT_THAT(text, HasSubstr("cnn (training.learning_rate=0.1)"));
}

TEST(ResultTables, TheSecondTellsMeansAndWhatIsMissing) {
  const std::string text = PerformanceMarkdown(TableOf({{"cnn", 1, {0.5}, 3}}));
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
  EXPECT_THAT(text, testing::StartsWith("model,slice_seconds,done,planned,average,best,std,"));
  EXPECT_THAT(text, HasSubstr("\n\"cnn (a=1, b=2)\",1.0,1,3,0.5,0.5,,"));
  EXPECT_THAT(text, HasSubstr("\nrnn,1.0,0,3,,,,"));
}

TEST(ResultTables, TracksThatWereLeftOutAreNamed) {
  auto table = TableOf({});
  auto* track = table.add_undecodable();
  track->set_path("jazz/jazz.00054.wav");
  track->set_message("no audio");
  EXPECT_EQ(TableNotes(table), "Left out: jazz/jazz.00054.wav (no audio)\n");
}

}  // namespace
}  // namespace tutti
