#include "coordinator/core/remaining_time.h"

#include <vector>

#include <gtest/gtest.h>

namespace tutti {
namespace {

TEST(RemainingTime, NothingIsToldBeforeARunHasToldSomething) {
  const std::vector<RunPace> runs{{"rnn", 10, 0, 0}};
  EXPECT_FALSE(EstimateRemaining(runs, 1).has_value());
}

TEST(RemainingTime, EachKindIsJudgedByItsOwn) {
  std::vector<RunPace> runs;
  for (int i = 0; i < 5; ++i) runs.push_back({"rnn", 10, 1, 10});   // 1 s a unit
  for (int i = 0; i < 5; ++i) runs.push_back({"cnn", 10, 1, 100});  // 10 s a unit
  runs.push_back({"rnn", 20, 0, 0});
  runs.push_back({"cnn", 20, 0, 0});
  const auto range = EstimateRemaining(runs, 1);
  ASSERT_TRUE(range);
  EXPECT_DOUBLE_EQ(range->low_seconds, 220);
  EXPECT_DOUBLE_EQ(range->high_seconds, 220);
}

TEST(RemainingTime, RunsAtOnceShareTheTimeButNoneIsShorterThanItself) {
  std::vector<RunPace> runs;
  for (int i = 0; i < 5; ++i) runs.push_back({"rnn", 10, 1, 10});
  for (int i = 0; i < 8; ++i) runs.push_back({"rnn", 10, 0, 0});
  EXPECT_DOUBLE_EQ(EstimateRemaining(runs, 4)->high_seconds, 20);
  EXPECT_DOUBLE_EQ(EstimateRemaining(runs, 100)->high_seconds, 10);
}

TEST(RemainingTime, ARunningOneTellsItsPaceAndWhatIsLeftOfIt) {
  const std::vector<RunPace> runs{{"rnn", 10, 0.25, 5}};  // 2 s a unit, seen once
  const auto range = EstimateRemaining(runs, 1);
  ASSERT_TRUE(range);
  EXPECT_DOUBLE_EQ(range->low_seconds, 15 * 0.75);
  EXPECT_DOUBLE_EQ(range->high_seconds, 15 * 1.25);
}

TEST(RemainingTime, TheRangeIsTheMiddleOfWhatWasSeen) {
  std::vector<RunPace> runs;
  for (int i = 1; i <= 11; ++i) runs.push_back({"rnn", 1, 1, static_cast<double>(i)});
  runs.push_back({"rnn", 1, 0, 0});
  const auto range = EstimateRemaining(runs, 1);
  ASSERT_TRUE(range);
  EXPECT_DOUBLE_EQ(range->low_seconds, 3);
  EXPECT_DOUBLE_EQ(range->high_seconds, 9);
}

}  // namespace
}  // namespace tutti
