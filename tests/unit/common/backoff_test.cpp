#include "common/backoff.h"

#include <string>

#include <gtest/gtest.h>

namespace tutti {
namespace {

using std::chrono::milliseconds;

// Gives the same two bytes for ever.
class FixedRandom final : public RandomSource {
 public:
  explicit FixedRandom(std::string hex) : hex_(std::move(hex)) {}
  std::string Hex(std::size_t) override { return hex_; }

 private:
  std::string hex_;
};

TEST(Backoff, DoublesUpToItsLongest) {
  FixedRandom random("ffff");
  Backoff backoff(random, milliseconds(200), milliseconds(15'000));
  for (const int expected : {200, 400, 800, 1'600, 3'200, 6'400, 12'800, 15'000, 15'000}) {
    EXPECT_EQ(backoff.Next(), milliseconds(expected));
  }
  backoff.Reset();
  EXPECT_EQ(backoff.Next(), milliseconds(200));
}

TEST(Backoff, JitterTakesAwayUpToOneHalf) {
  FixedRandom random("0000");
  Backoff backoff(random, milliseconds(200), milliseconds(15'000));
  EXPECT_EQ(backoff.Next(), milliseconds(100));
  EXPECT_EQ(backoff.Next(), milliseconds(200));
}

}  // namespace
}  // namespace tutti
