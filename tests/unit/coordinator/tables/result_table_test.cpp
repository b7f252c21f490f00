#include "coordinator/tables/result_table.h"

#include <cmath>

#include <gtest/gtest.h>

#include "common/json_path.h"
#include "tests/support/result_matchers.h"

namespace tutti {
namespace {

JobRecord RunOf(std::int64_t id, const Json& config, JobPhase phase = JobPhase::kSucceeded) {
  JobRecord job;
  job.id = JobId{id};
  job.config_json = DumpJson(config);
  job.phase = phase;
  return job;
}

ResultRecord Outcome(std::int64_t id, double f1) {
  ResultRecord result;
  result.job = JobId{id};
  result.metrics = {
      {"f1_macro", f1}, {"slice_accuracy", f1 / 2}, {"song_accuracy", f1}, {"epochs", 10}};
  result.timings_seconds = {{"train", 8}, {"test", 2}};
  return result;
}

SweepSpec Grid() {
  SweepSpec spec;
  spec.axes = {{"model", {"rnn"}}, {"slice_seconds", {1, 3}}, {"seed", {333, 123}}};
  return spec;
}

Json Config(double slice_seconds, int seed) {
  return {{"model", "rnn"}, {"slice_seconds", slice_seconds}, {"seed", seed}};
}

TEST(ResultTable, RunsThatDifferOnlyInSeedAreOneCell) {
  const auto cells = BuildTable(Grid(), {RunOf(1, Config(1, 333)), RunOf(2, Config(1, 123))},
                                {Outcome(1, 0.8), Outcome(2, 0.6)}, "f1_macro");
  ASSERT_TRUE(IsOk(cells));
  ASSERT_EQ(cells->size(), 1u);
  const TableCell& cell = cells->front();
  EXPECT_EQ(cell.done, 2);
  EXPECT_EQ(cell.planned, 2);
  EXPECT_DOUBLE_EQ(*cell.metric.mean, 0.7);
  EXPECT_DOUBLE_EQ(*cell.best, 0.8);
  EXPECT_NEAR(*cell.metric.std, std::sqrt(0.02), 1e-12);
  EXPECT_EQ(cell.values, (std::map<std::string, double>{{"333", 0.8}, {"123", 0.6}}));
  EXPECT_DOUBLE_EQ(*cell.execution_seconds.mean, 10.0);
  EXPECT_EQ(cell.config, (Json{{"model", "rnn"}, {"slice_seconds", 1.0}}));
}

TEST(ResultTable, ACellWithoutResultsHasNoNumbers) {
  const auto cells =
      BuildTable(Grid(), {RunOf(1, Config(3, 333), JobPhase::kRunning)}, {}, "f1_macro");
  ASSERT_TRUE(IsOk(cells));
  EXPECT_EQ(cells->front().done, 0);
  EXPECT_EQ(cells->front().planned, 1);
  EXPECT_FALSE(cells->front().metric.mean);
  EXPECT_FALSE(cells->front().best);
}

TEST(ResultTable, OneRunHasNoStandardDeviation) {
  const auto cells = BuildTable(Grid(), {RunOf(1, Config(1, 333))}, {Outcome(1, 0.5)}, "f1_macro");
  ASSERT_TRUE(IsOk(cells));
  EXPECT_TRUE(cells->front().metric.mean);
  EXPECT_FALSE(cells->front().metric.std);
}

TEST(ResultTable, ACellWhoseRunsDifferInWhatEqualityDependsOnIsMixed) {
  const std::vector<JobRecord> jobs{RunOf(1, Config(1, 333)), RunOf(2, Config(1, 123)),
                                    RunOf(3, Config(3, 333)), RunOf(4, Config(3, 123))};
  const std::map<std::string, std::string> environment{
      {"libtorch", "2.13.0+cpu"}, {"mkl", "yes"},   {"processor", "GenuineIntel"},
      {"device", "cpu"},          {"threads", "1"}, {"precision", "float32"}};
  for (const auto& [name, value] : environment) {
    std::vector<ResultRecord> results{Outcome(1, 0.8), Outcome(2, 0.6), Outcome(3, 0.5),
                                      Outcome(4, 0.4)};
    for (ResultRecord& result : results) result.environment = environment;
    results[3].environment[name] = "another";
    const auto cells = BuildTable(Grid(), jobs, results, "f1_macro");
    ASSERT_TRUE(IsOk(cells));
    EXPECT_FALSE(cells->at(0).mixed_environment) << name;
    EXPECT_TRUE(cells->at(1).mixed_environment) << name;
  }
}

TEST(ResultTable, CancelledRunsAndPreprocessJobsAreNotPlanned) {
  JobRecord preprocess = RunOf(3, Json::object());
  preprocess.kind = JobKind::kPreprocess;
  const auto cells = BuildTable(
      Grid(),
      {RunOf(1, Config(1, 333)), RunOf(2, Config(1, 123), JobPhase::kCancelled), preprocess},
      {Outcome(1, 0.5)}, "f1_macro");
  ASSERT_TRUE(IsOk(cells));
  ASSERT_EQ(cells->size(), 1u);
  EXPECT_EQ(cells->front().planned, 1);
}

TEST(ResultTable, CellsKeepTheOrderOfTheirFirstRuns) {
  const auto cells = BuildTable(
      Grid(), {RunOf(1, Config(3, 333)), RunOf(2, Config(1, 333)), RunOf(3, Config(3, 123))}, {},
      "f1_macro");
  ASSERT_TRUE(IsOk(cells));
  ASSERT_EQ(cells->size(), 2u);
  EXPECT_EQ(cells->at(0).slice_seconds, 3);
  EXPECT_EQ(cells->at(1).slice_seconds, 1);
}

TEST(ResultTable, ADottedPathReachesIntoTheConfiguration) {
  const Json config = {{"training", {{"learning_rate", 0.01}}}};
  EXPECT_EQ(ValueAtPath(config, "training.learning_rate"), 0.01);
  EXPECT_TRUE(ValueAtPath(config, "training.patience").is_null());
  EXPECT_TRUE(ValueAtPath(config, "training.learning_rate.more").is_null());
}

TEST(ResultTable, ABrokenStoredConfigurationIsDataLoss) {
  JobRecord job = RunOf(7, Json::object());
  job.config_json = "{";
  EXPECT_TRUE(FailsWith(BuildTable(Grid(), {job}, {}, "f1_macro"), ErrorCode::kDataLoss, "job 7"));
}

}  // namespace
}  // namespace tutti
