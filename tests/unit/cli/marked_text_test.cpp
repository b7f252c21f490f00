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

TEST(MarkedText, AMarkThatATextOnlySpeaksOfDoesNotCount) {
  const std::string text =
      "Put `<!-- tutti:f1 -->` where the table belongs:\n"
      "```console\n<!-- tutti:f1 -->\n````\n"
      "~~~\n<!-- tutti:f1 -->\n```\n<!-- /tutti:f1 -->\n~~~\n";
  EXPECT_FALSE(HasMarks(text, "f1"));
  const auto refused = ReplaceMarked(text, "f1", "new\n", "README.md");
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message,
              HasSubstr("is missing (that of line 1 does not count: it is not alone on its line)"));
  const std::string marks = "  <!-- tutti:f1 -->  \nold\n<!-- /tutti:f1 -->\n";
  const auto replaced = ReplaceMarked(text + marks, "f1", "new\n", "README.md");
  ASSERT_TRUE(IsOk(replaced));
  EXPECT_EQ(*replaced, text + "  <!-- tutti:f1 -->\nnew\n<!-- /tutti:f1 -->\n");
}

TEST(MarkedText, ACodeBlockEndsOnlyWithAFenceLikeItsOwn) {
  const std::string open = "````text\n```\n<!-- tutti:f1 -->\n<!-- /tutti:f1 -->\n";
  EXPECT_FALSE(HasMarks(open, "f1"));
  EXPECT_THAT(MarkThatDoesNotCount(open, "f1"), HasSubstr("line 3 does not count: it stands in a"));
  EXPECT_FALSE(HasMarks(open + "```` no end\n<!-- tutti:f1 -->\n", "f1"));
  EXPECT_TRUE(HasMarks(open + "`````\n<!-- tutti:f1 -->\n", "f1"));
  EXPECT_TRUE(HasMarks("`` ` ``\n<!-- tutti:f1 -->\n", "f1")) << "code in a line is no block";
  EXPECT_TRUE(HasMarks("    ```\n<!-- tutti:f1 -->\n", "f1")) << "indented that far it is text";
}

}  // namespace
}  // namespace tutti
