#include <set>

#include <gtest/gtest.h>

#include "coordinator/core/sweep_spec.h"
#include "tests/support/result_matchers.h"

namespace tutti {
namespace {

SweepSpec Grid() {
  SweepSpec spec;
  spec.name = "grid";
  spec.dataset = "d";
  spec.axes = {{"model", {"rnn", "cnn"}}, {"seed", {1, 2}}};
  spec.options = {{"model", nullptr},
                  {"seed", nullptr},
                  {"slice_seconds", 1},
                  {"training", {{"epochs", 3}, {"learning_rate", 0.001}}}};
  return spec;
}

std::set<std::string> Keys(const SweepSpec& spec, const std::string& version = "v1") {
  const auto runs = ExpandRuns(spec, version);
  EXPECT_TRUE(IsOk(runs));
  std::set<std::string> keys;
  for (const RunSpec& run : *runs) keys.insert(run.key);
  return keys;
}

TEST(ExpandRuns, TheLastAxisTurnsFastest) {
  const auto runs = ExpandRuns(Grid(), "v1");
  ASSERT_TRUE(IsOk(runs));
  ASSERT_EQ(runs->size(), 4u);
  EXPECT_EQ((*runs)[0].config["model"], "rnn");
  EXPECT_EQ((*runs)[0].config["seed"], 1);
  EXPECT_EQ((*runs)[1].config["seed"], 2);
  EXPECT_EQ((*runs)[2].config["model"], "cnn");
}

TEST(ExpandRuns, WhatCanChangeAResultChangesTheKey) {
  const auto before = Keys(Grid());
  SweepSpec other = Grid();
  other.options["training"]["epochs"] = 4;
  for (const std::string& key : Keys(other)) EXPECT_FALSE(before.contains(key));
  for (const std::string& key : Keys(Grid(), "v2")) EXPECT_FALSE(before.contains(key));
}

TEST(ExpandRuns, OperationalOptionsAndNamesDoNotChangeTheKey) {
  SweepSpec other = Grid();
  other.name = "another";
  other.operational.priority = 5;
  EXPECT_EQ(Keys(other), Keys(Grid()));
}

TEST(ExpandRuns, OneAndOnePointZeroAreOneRun) {
  SweepSpec other = Grid();
  other.options["slice_seconds"] = 1.0;
  EXPECT_EQ(Keys(other), Keys(Grid()));
}

TEST(ExpandRuns, AWiderGridKeepsTheRunsItHad) {
  SweepSpec wider = Grid();
  wider.axes[1].values.push_back(3);
  const auto keys = Keys(wider);
  EXPECT_EQ(keys.size(), 6u);
  for (const std::string& key : Keys(Grid())) EXPECT_TRUE(keys.contains(key));
}

TEST(ExpandRuns, ExcludedPointsAreLeftOutAndIncludedOnesAdded) {
  SweepSpec spec = Grid();
  spec.exclude = {{{"model", "rnn"}, {"seed", 2}}};
  spec.include = {{{"model", "rnn"}, {"seed", 9}}, {{"model", "cnn"}, {"seed", 1}}};
  EXPECT_EQ(Keys(spec).size(), 4u);  // three of the grid and one that is new
}

TEST(ExpandRuns, AGridWithoutRunsIsRefused) {
  SweepSpec spec = Grid();
  spec.exclude = {{{"slice_seconds", 1}}};
  EXPECT_TRUE(FailsWith(ExpandRuns(spec, "v1"), ErrorCode::kInvalidArgument, "no run is left"));
}

TEST(SweepSpec, WhatIsStoredIsReadBack) {
  SweepSpec spec = Grid();
  spec.exclude = {{{"model", "rnn"}}};
  spec.operational.time_limit_ms = 5;
  const auto read = SweepSpecFromJson(ToJson(spec));
  ASSERT_TRUE(IsOk(read));
  EXPECT_EQ(*read, spec);
}

TEST(SweepSpec, AChangedOptionOutsideTheGridIsToldOldAndNew) {
  SweepSpec after = Grid();
  after.options["training"]["learning_rate"] = 0.01;
  EXPECT_EQ(DifferencesOutsideGrid(Grid(), after),
            std::vector<std::string>{"training.learning_rate: was 0.001, is 0.01"});
}

TEST(SweepSpec, ValuesOfTheGridAreNoDifference) {
  SweepSpec after = Grid();
  after.axes[0].values = {"rnn"};
  after.axes.pop_back();
  after.options["seed"] = 1;
  EXPECT_TRUE(DifferencesOutsideGrid(Grid(), after).empty());
}

}  // namespace
}  // namespace tutti
