#include "cli/findings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tutti {
namespace {

using testing::HasSubstr;

// A table of two models at two slice lengths; each cell with ten songs of two classes.
class FindingsTest : public testing::Test {
 protected:
  void Add(const std::string& model, double slice_seconds, double average, int right,
           double seconds) {
    auto& cell = *table_.add_cells();
    cell.set_model(model);
    cell.set_slice_seconds(slice_seconds);
    cell.set_config_json("{}");
    cell.set_average(average);
    auto& performance = *table_.add_performance();
    performance.mutable_execution_seconds()->set_mean(seconds);
    performance.mutable_slice_accuracy()->set_mean(average - 0.1);
    performance.mutable_song_accuracy()->set_mean(average);
    right_.push_back(right);
  }
  Findings Make() {
    cells_.clear();
    for (int i = 0; i < table_.cells_size(); ++i) {
      CellSongs cell{&table_.cells(i), &table_.performance(i), {"a", "b"}, {}};
      for (int song = 0; song < 10; ++song) {
        const int label = song % 2;
        const bool is_right = song < right_[static_cast<std::size_t>(i)];
        cell.songs[{"333", std::to_string(song)}] = {label, is_right ? label : 1 - label};
      }
      cells_.push_back(std::move(cell));
    }
    return MakeFindings(cells_);
  }

  v1::GetTableResponse table_;
  std::vector<int> right_;
  std::vector<CellSongs> cells_;
};

TEST_F(FindingsTest, EachSliceLengthHasItsBestModelAndItsNext) {
  Add("cnn", 1, 0.5, 2, 10);
  Add("rnn", 1, 0.9, 10, 1);
  Add("crnn1d", 1, 0.8, 9, 2);
  const Findings findings = Make();
  ASSERT_EQ(findings.best_models.size(), 1U);
  const Duel& duel = findings.best_models[0];
  EXPECT_EQ(duel.better, "rnn 1s");
  EXPECT_EQ(duel.worse, "crnn1d 1s");
  EXPECT_EQ(duel.songs.songs, 10);
  EXPECT_EQ(duel.songs.only_first, 1);
  EXPECT_THAT(Sentence(duel), HasSubstr("do not tell the two apart"));
  EXPECT_TRUE(findings.slice_lengths.empty());
}

TEST_F(FindingsTest, ShortSlicesAreHeldAgainstLongOnes) {
  Add("cnn", 3, 0.5, 1, 10);
  Add("cnn", 1, 0.9, 10, 20);
  const Findings findings = Make();
  ASSERT_EQ(findings.slice_lengths.size(), 1U);
  EXPECT_EQ(findings.slice_lengths[0].better, "cnn 1s");
  EXPECT_EQ(findings.slice_lengths[0].songs.only_first, 9);
  EXPECT_THAT(Sentence(findings.slice_lengths[0]), HasSubstr("(p = 0.0039, McNemar"));
  EXPECT_TRUE(findings.best_models.empty());
}

TEST_F(FindingsTest, WhatIsSlowerAndWorseIsNotOnTheFront) {
  Add("cnn", 1, 0.8, 8, 30);
  Add("rnn", 1, 0.7, 7, 1);
  Add("crnn1d", 1, 0.6, 6, 2);
  const Findings findings = Make();
  ASSERT_EQ(findings.costs.size(), 3U);
  EXPECT_EQ(findings.costs[0].cell, "rnn 1s");
  EXPECT_TRUE(findings.costs[0].is_front);
  EXPECT_FALSE(findings.costs[1].is_front);
  EXPECT_TRUE(findings.costs[2].is_front);
  ASSERT_EQ(findings.songs.size(), 3U);
  EXPECT_GT(findings.songs[0].song_accuracy, findings.songs[0].slice_accuracy);
}

TEST_F(FindingsTest, MatricesCountSongsOfAllSeeds) {
  Add("cnn", 1, 0.8, 8, 30);
  Make();
  const ClassificationReport report = ReportOf(cells_[0]);
  EXPECT_EQ(report.confusion[0][0] + report.confusion[1][1], 8);
  EXPECT_EQ(report.confusion[0][1] + report.confusion[1][0], 2);
}

}  // namespace
}  // namespace tutti
