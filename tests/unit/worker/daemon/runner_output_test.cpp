#include "worker/daemon/runner_output.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tutti {
namespace {

using testing::ElementsAre;

// Lines as they come out, a cut one with "…" behind it. Lines that start with '{' may have 20
// bytes, others 8.
class Lines {
 public:
  Lines()
      : splitter_([](std::string_view start) { return start.starts_with('{') ? 20u : 8u; },
                  [this](std::string_view line, LineSplitter::Cut cut) {
                    out.push_back(std::string(line) + (cut == LineSplitter::Cut::kYes ? "…" : ""));
                  }) {}

  std::vector<std::string> out;
  LineSplitter splitter_;
};

TEST(LineSplitter, PutsPiecesTogether) {
  Lines lines;
  lines.splitter_.Feed("one\ntw");
  lines.splitter_.Feed("o\n\nthree");
  EXPECT_THAT(lines.out, ElementsAre("one", "two", ""));
  lines.splitter_.Finish();
  lines.splitter_.Finish();
  EXPECT_THAT(lines.out, ElementsAre("one", "two", "", "three"));
}

TEST(LineSplitter, TakesCarriageReturnsAway) {
  Lines lines;
  lines.splitter_.Feed("one\r\ntwo\r\n");
  EXPECT_THAT(lines.out, ElementsAre("one", "two"));
}

TEST(LineSplitter, CutsLongLinesByTheLimitOfTheirStart) {
  Lines lines;
  lines.splitter_.Feed("12345678\n123456789\n{2345678901234567890\n{23456789012345678901\nok\n");
  EXPECT_THAT(lines.out, ElementsAre("12345678", "12345678…", "{2345678901234567890",
                                     "{2345678901234567890…", "ok"));
}

TEST(LineSplitter, EndlessLineTakesNoMoreRoomThanItsLimit) {
  Lines lines;
  for (int i = 0; i < 1000; ++i) lines.splitter_.Feed("xxxxxxxxxxxxxxxx");
  lines.splitter_.Feed("\nnext\n");
  EXPECT_THAT(lines.out, ElementsAre("xxxxxxxx…", "next"));
}

TEST(LogTail, KeepsTheLastLines) {
  LogTail log;
  for (std::size_t i = 0; i < kLogTailLines + 5; ++i) log.Add(std::to_string(i));
  const auto lines = log.Lines();
  EXPECT_EQ(lines.size(), kLogTailLines);
  EXPECT_EQ(lines.front(), "5");
}

TEST(LogTail, MendsWhatIsNotUtf8AndCutsLongLines) {
  LogTail log;
  log.Add(
      "a\xff"
      "b");
  log.Add(std::string(kMaxLogLineBytes + 5, 'x'));
  EXPECT_EQ(log.Lines()[0],
            "a\xef\xbf\xbd"
            "b");
  EXPECT_EQ(log.Lines()[1].size(), kMaxLogLineBytes);
}

}  // namespace
}  // namespace tutti
