#include "cli/marked_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/result_matchers.h"

namespace tutti {
namespace {

using testing::HasSubstr;

TEST(MarkedText, OnlyWhatStandsBetweenTheMarksChanges) {
  const std::string text = "before\n<!-- tutti:f1 -->\nold\nold\n<!-- /tutti:f1 -->\nafter";
  const auto replaced = ReplaceMarked(text, "f1", "new\n", "README.md");
  ASSERT_TRUE(IsOk(replaced));
  EXPECT_EQ(*replaced, "before\n<!-- tutti:f1 -->\nnew\n<!-- /tutti:f1 -->\nafter");
  const auto again = ReplaceMarked(*replaced, "f1", "new\n", "README.md");
  ASSERT_TRUE(IsOk(again));
  EXPECT_EQ(*again, *replaced);
}

TEST(MarkedText, LineEndsStayAsTheFileHasThem) {
  const auto replaced = ReplaceMarked("<!-- tutti:f1 -->\r\nold\r\n<!-- /tutti:f1 -->\r\n", "f1",
                                      "a\nb\n", "README.md");
  ASSERT_TRUE(IsOk(replaced));
  EXPECT_EQ(*replaced, "<!-- tutti:f1 -->\r\na\r\nb\r\n<!-- /tutti:f1 -->\r\n");
}

TEST(MarkedText, MissingRepeatedAndCrossedMarksAreToldWithTheirLine) {
  const auto message = [](std::string_view text) {
    const auto refused = ReplaceMarked(text, "f1", "x", "README.md");
    return refused.ok() ? "" : refused.error().message;
  };
  EXPECT_THAT(message("<!-- tutti:f1 -->\n"), HasSubstr("<!-- /tutti:f1 --> is missing"));
  EXPECT_THAT(message("<!-- tutti:f1 -->\n<!-- tutti:f1 -->\n<!-- /tutti:f1 -->"),
              HasSubstr("README.md:2: the mark <!-- tutti:f1 --> stands here again"));
  EXPECT_THAT(message("\n<!-- /tutti:f1 -->\n<!-- tutti:f1 -->\n"),
              HasSubstr("README.md:2: the mark <!-- /tutti:f1 --> stands before"));
}

}  // namespace
}  // namespace tutti
