#include "worker/daemon/end_time.h"

#include <cstdlib>
#include <ctime>

#include "tests/support/result_matchers.h"

namespace tutti {
namespace {

// In a zone with summer time, whatever the machine's own is.
class EndTime : public testing::Test {
 protected:
  EndTime() {
    ::setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
    ::tzset();
  }
  static std::string Parsed(const std::string& text, const std::string& now) {
    const auto now_time = ParseEndTime(now, UnixMillis{0});
    EXPECT_TRUE(IsOk(now_time)) << now;
    const auto time = ParseEndTime(text, *now_time);
    EXPECT_TRUE(IsOk(time)) << text;
    return time.ok() ? FormatEndTime(*time) : "";
  }
};

TEST_F(EndTime, ATimeOfDayIsTheNextOne) {
  EXPECT_EQ(Parsed("08:00", "2026-11-23T07:59:59"), "2026-11-23 08:00:00");
  EXPECT_EQ(Parsed("08:00", "2026-11-23T08:00:00"), "2026-11-24 08:00:00");
  EXPECT_EQ(Parsed("08:00:30", "2026-11-23T08:00:00"), "2026-11-23 08:00:30");
  EXPECT_EQ(Parsed("00:00", "2026-12-31T12:00"), "2027-01-01 00:00:00");
}

TEST_F(EndTime, TheNightInWhichClocksChangeIsShorter) {
  EXPECT_EQ(Parsed("08:00", "2026-03-28T20:00"), "2026-03-29 08:00:00");
  EXPECT_EQ(Parsed("08:00", "2026-10-24T20:00"), "2026-10-25 08:00:00");
}

TEST_F(EndTime, AMomentIsThatMomentAlsoWhenPast) {
  EXPECT_EQ(Parsed("2026-11-24T08:00", "2026-11-23T12:00"), "2026-11-24 08:00:00");
  EXPECT_EQ(Parsed("2020-02-29T23:59:59", "2026-11-23T12:00"), "2020-02-29 23:59:59");
  EXPECT_EQ(ToInt(*ParseEndTime("2026-11-24T08:00", UnixMillis{0})), 1'795'503'600'000);
}

TEST_F(EndTime, AnythingElseIsRefusedWithAnExample) {
  for (const std::string text :
       {"", "8:00", "24:00", "08:60", "08:00:60", "0800", "tomorrow", "2026-11-24", "2026-11-24T",
        "2026-11-24 08:00", "2026-02-30T08:00", "2026-13-01T08:00", "2026-11-24T08:00Z", "+8:00",
        "2026-11-24T25:00"}) {
    EXPECT_TRUE(FailsWith(ParseEndTime(text, UnixMillis{0}), ErrorCode::kInvalidArgument,
                          "such as 08:00 or 2026-11-24T08:00; got \"" + text + "\""))
        << text;
  }
}

}  // namespace
}  // namespace tutti
