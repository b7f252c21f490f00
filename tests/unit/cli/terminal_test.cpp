#include "cli/terminal.h"

#include <pty.h>
#include <sstream>

#include <gtest/gtest.h>

#include "common/unique_fd.h"

namespace tutti {
namespace {

class TerminalGuardTest : public testing::Test {
 protected:
  TerminalGuardTest() {
    int master = -1;
    int terminal = -1;
    EXPECT_EQ(::openpty(&master, &terminal, nullptr, nullptr, nullptr), 0);
    master_ = UniqueFd(master);
    terminal_ = UniqueFd(terminal);
  }

  UniqueFd master_;
  UniqueFd terminal_;
  std::ostringstream stream_;
};

TEST_F(TerminalGuardTest, OnATerminalWhatIsWrittenIsMadeVisible) {
  {
    const TerminalGuard guard(stream_, terminal_.get());
    stream_ << "name \x1b[2J" << std::flush;
    EXPECT_EQ(stream_.str(), "name ^[[2J") << "flushed without a line's end";
    stream_ << "\n█ \xe2\x96" << std::flush;
    EXPECT_EQ(stream_.str(), "name ^[[2J\n█ ");
    stream_ << "\x88 in two pieces\n";
    EXPECT_EQ(stream_.str(), "name ^[[2J\n█ █ in two pieces\n");
    stream_ << "half \xe2";
  }
  stream_ << "\x1b";
  EXPECT_EQ(stream_.str(), "name ^[[2J\n█ █ in two pieces\nhalf <E2>\x1b") << "it is over";
}

TEST_F(TerminalGuardTest, ElsewhereBytesGoAsTheyAre) {
  const UniqueFd nothing;
  const TerminalGuard guard(stream_, nothing.get());
  stream_ << "\x1b[2J\xff" << std::flush;
  EXPECT_EQ(stream_.str(), "\x1b[2J\xff");
}

TEST(CutToColumns, CutsCharactersNeverBytes) {
  EXPECT_EQ(CutToColumns("größe", 4), "größ");
  EXPECT_EQ(CutToColumns("größe", 5), "größe");
  EXPECT_EQ(CutToColumns("größe", 0), "");
}

}  // namespace
}  // namespace tutti
