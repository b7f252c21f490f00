#include "common/duration.h"

#include "tests/support/result_matchers.h"

namespace tutti {
namespace {

using std::chrono::milliseconds;

TEST(Duration, EveryUnitIsRead) {
  const std::vector<std::pair<std::string, std::int64_t>> cases{
      {"0", 0},         {"500ms", 500},     {"30s", 30'000},     {"1.5s", 1500},
      {"10m", 600'000}, {"4h", 14'400'000}, {"2d", 172'800'000}, {"0s", 0}};
  for (const auto& [text, ms] : cases) {
    const auto parsed = ParseDuration(text);
    ASSERT_TRUE(IsOk(parsed)) << text;
    EXPECT_EQ(*parsed, milliseconds(ms)) << text;
  }
}

TEST(Duration, AnythingElseIsRefusedWithAnExample) {
  for (const std::string text :
       {"", "30", "s", "-1s", "30 s", "30sec", "1e3s", "1s2", "nan", "inf", "99999999d", "+1s"}) {
    EXPECT_TRUE(FailsWith(ParseDuration(text), ErrorCode::kInvalidArgument,
                          "such as 30s; got \"" + text + "\""));
  }
}

TEST(Duration, TheShortestExactFormIsReadBack) {
  const std::vector<std::pair<std::int64_t, std::string>> cases{
      {0, "0"},       {1, "1ms"},        {90'000, "90s"},    {1500, "1500ms"},
      {60'000, "1m"}, {7'200'000, "2h"}, {86'400'000, "1d"}, {90'000'000, "25h"}};
  for (const auto& [ms, text] : cases) {
    EXPECT_EQ(FormatDuration(milliseconds(ms)), text);
    EXPECT_EQ(*ParseDuration(text), milliseconds(ms));
  }
}

TEST(Duration, PeopleReadTwoUnits) {
  EXPECT_EQ(FormatElapsed(milliseconds(400)), "0.4s");
  EXPECT_EQ(FormatElapsed(milliseconds(12'400)), "12s");
  EXPECT_EQ(FormatElapsed(milliseconds(1'261'000)), "21m 1s");
  EXPECT_EQ(FormatElapsed(milliseconds(11'100'000)), "3h 5m");
  EXPECT_EQ(FormatElapsed(milliseconds(183'600'000)), "2d 3h");
}

}  // namespace
}  // namespace tutti
