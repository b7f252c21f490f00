#include "coordinator/tables/interval.h"

#include <gtest/gtest.h>

namespace tutti {
namespace {

// `right` of `n` songs are predicted as they are; two classes.
std::vector<PredictionRecord> Songs(int n, int right) {
  std::vector<PredictionRecord> songs;
  for (int i = 0; i < n; ++i) {
    PredictionRecord song;
    song.track_id = i;
    song.label = i % 2;
    song.predicted = i < right ? song.label : 1 - song.label;
    songs.push_back(song);
  }
  return songs;
}

TEST(Interval, WithoutErrorsThereIsNoDoubt) {
  const auto interval = BootstrapInterval({Songs(20, 20), Songs(20, 20)}, "f1_macro");
  ASSERT_TRUE(interval);
  EXPECT_EQ(interval->low, 1.0);
  EXPECT_EQ(interval->high, 1.0);
}

// The binomial interval of 80 % of 100 songs is 0.71 to 0.87.
TEST(Interval, OfOneRunIsThatOfItsSongs) {
  const auto interval = BootstrapInterval({Songs(100, 80)}, "song_accuracy");
  ASSERT_TRUE(interval);
  EXPECT_NEAR(interval->low, 0.72, 0.02);
  EXPECT_NEAR(interval->high, 0.88, 0.02);
}

TEST(Interval, SeedsThatDifferWidenItAndMoreSongsNarrowIt) {
  const auto width = [](const std::vector<std::vector<PredictionRecord>>& runs) {
    const auto interval = BootstrapInterval(runs, "song_accuracy");
    return interval ? interval->high - interval->low : -1;
  };
  EXPECT_GT(width({Songs(400, 200), Songs(400, 380)}),
            2 * width({Songs(400, 290), Songs(400, 290)}));
  EXPECT_LT(width({Songs(1'000, 800)}), 0.5 * width({Songs(100, 80)}));
}

TEST(Interval, TheSameResultsHaveTheSameInterval) {
  const auto first = BootstrapInterval({Songs(50, 30), Songs(50, 40)}, "f1_macro");
  const auto second = BootstrapInterval({Songs(50, 30), Songs(50, 40)}, "f1_macro");
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->low, second->low);
  EXPECT_EQ(first->high, second->high);
}

TEST(Interval, WithoutSongsThereIsNone) {
  EXPECT_FALSE(BootstrapInterval({}, "f1_macro"));
  EXPECT_FALSE(BootstrapInterval({Songs(10, 5), {}}, "f1_macro"));
  EXPECT_FALSE(HasInterval("val_loss"));
}

}  // namespace
}  // namespace tutti
