#include "worker/trainer/early_stopping.h"

#include <cmath>

#include <gtest/gtest.h>

namespace tutti {
namespace {

TEST(EarlyStopping, StopsWhenPatienceEpochsBroughtNothingBetter) {
  EarlyStopping stopping(2);
  EXPECT_TRUE(stopping.Improves(1.0));
  EXPECT_TRUE(stopping.Improves(0.5));
  EXPECT_FALSE(stopping.Improves(0.7));
  EXPECT_FALSE(stopping.ShouldStop());
  EXPECT_FALSE(stopping.Improves(0.6));
  EXPECT_TRUE(stopping.ShouldStop());
  EXPECT_EQ(stopping.epoch(), 4);
  EXPECT_EQ(stopping.best_epoch(), 2);
  EXPECT_EQ(stopping.best_loss(), 0.5);
}

TEST(EarlyStopping, AnEqualLossIsNoImprovement) {
  EarlyStopping stopping(1);
  EXPECT_TRUE(stopping.Improves(0.5));
  EXPECT_FALSE(stopping.Improves(0.5));
  EXPECT_TRUE(stopping.ShouldStop());
  EXPECT_EQ(stopping.best_epoch(), 1);
}

TEST(EarlyStopping, ALossThatIsNoNumberIsNoImprovement) {
  EarlyStopping stopping(2);
  EXPECT_FALSE(stopping.Improves(std::nan("")));
  EXPECT_FALSE(stopping.ShouldStop());
  EXPECT_TRUE(stopping.Improves(3.0));
}

}  // namespace
}  // namespace tutti
