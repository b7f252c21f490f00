#include "common/nearest_word.h"

#include <gtest/gtest.h>

namespace tutti {
namespace {

const std::vector<std::string> kWords{"epochs", "patience", "batch_size", "learning_rate"};

TEST(NearestWord, FindsTheWordBehindATypingError) {
  EXPECT_EQ(NearestWord("epoch", kWords), "epochs");
  EXPECT_EQ(NearestWord("pateince", kWords), "patience");
  EXPECT_EQ(NearestWord("Batch_Size", kWords), "batch_size");
  EXPECT_EQ(NearestWord("lerning_rate", kWords), "learning_rate");
}

TEST(NearestWord, SaysNothingWhereNothingIsNear) {
  EXPECT_EQ(NearestWord("optimizer", kWords), std::nullopt);
  EXPECT_EQ(NearestWord("", kWords), std::nullopt);
  EXPECT_EQ(DidYouMean("optimizer", kWords), "");
}

TEST(NearestWord, AsksInWords) {
  EXPECT_EQ(DidYouMean("epoch", kWords), ", did you mean \"epochs\"?");
  EXPECT_EQ(DidYouMean("epoch", kWords, "see the list"),
            ", did you mean \"epochs\"? (see the list)");
  EXPECT_EQ(DidYouMean("optimizer", kWords, "see the list"), "; see the list");
}

}  // namespace
}  // namespace tutti
