// What a person sees on a terminal: `tutti watch` as a full screen, and text from others, which
// must not steer it.
#include <algorithm>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/cluster.h"
#include "tests/support/pty_program.h"
#include "tests/support/tiny_music.h"

namespace tutti {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr char kClearScreen[] = "\x1b[2J";
constexpr char kFrame[] = "\x1b[H\x1b[J";
constexpr char kScreenOfItsOwn[] = "\x1b[?1049h";
constexpr char kScreenGivenBack[] = "\x1b[?25h\x1b[?1049l";

// The first run says in its last words what clears a screen; the second runs until it is told to
// end.
constexpr char kHostile[] = R"yaml(name: hostile
runner:
  command:
    - sh
    - -c
    - |
      if [ "$0" = 2 ]; then while :; do sleep 1; done; fi
      printf 'log \033[2Jline\n'
      printf '%s\n' '{"event": "error", "class": "bad_data", "message": "\u001b[2Jevil\nsecond line"}'
    - ${x}
grid: {x: [1, 2]}
max_attempts: 1
)yaml";

class Terminal : public testing::Test {
 protected:
  Terminal() {
    cluster_.StartWorker("one", 1, {"--allow-command"});
    const Outcome submitted = cluster_.Tutti({"submit", cluster_.SweepFile(kHostile)});
    EXPECT_EQ(submitted.code(), 0) << testing::PrintToString(submitted);
    EXPECT_TRUE(Eventually([&] {
      const Json jobs = cluster_.TuttiJson({"jobs", "hostile"});
      return jobs[0]["phase"] == "failed" && jobs[1]["phase"] == "running";
    }));
  }
  std::string FailedJob() {
    return std::to_string(cluster_.TuttiJson({"jobs", "hostile"})[0]["id"].get<int>());
  }
  std::vector<std::string> With(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--profile", cluster_.profile("admin")});
    return arguments;
  }

  Cluster cluster_;
};

// The lines of the newest frame that is complete: another one has begun behind it.
std::vector<std::string> NewestFrame(const std::string& screen) {
  const std::size_t end = screen.rfind(kFrame);
  if (end == std::string::npos || end == 0) return {};
  const std::size_t begin = screen.rfind(kFrame, end - 1);
  if (begin == std::string::npos) return {};
  std::istringstream text(
      screen.substr(begin + sizeof(kFrame) - 1, end - begin - sizeof(kFrame) + 1));
  std::vector<std::string> lines;
  for (std::string line; std::getline(text, line);) {
    if (line.ends_with('\r')) line.pop_back();
    lines.push_back(line);
  }
  return lines;
}

std::size_t Columns(const std::string& line) {
  return static_cast<std::size_t>(
      std::ranges::count_if(line, [](char c) { return (c & 0xC0) != 0x80; }));
}

bool Fits(const std::vector<std::string>& frame, TerminalSize size) {
  return !frame.empty() && frame.size() < size.rows &&
         std::ranges::all_of(frame, [&](const auto& line) { return Columns(line) < size.columns; });
}

TEST_F(Terminal, WatchFillsTheScreenFollowsItsSizeAndGivesItBack) {
  const TerminalSize wide{120, 40};
  const TerminalSize narrow{30, 8};
  PtyProgram watch("tutti", With({"watch", "hostile"}), wide);
  const auto frame_fits = [&](TerminalSize size) {
    return watch.ReadUntil([&] { return Fits(NewestFrame(watch.screen()), size); });
  };
  ASSERT_TRUE(frame_fits(wide)) << watch.screen();
  EXPECT_THAT(watch.screen(), testing::StartsWith(kScreenOfItsOwn));
  const std::string shown = testing::PrintToString(NewestFrame(watch.screen()));
  EXPECT_THAT(shown, HasSubstr("hostile: 1 running, 0 waiting, 1 failed"));
  EXPECT_THAT(shown, HasSubstr("one [█] 1/1 slots, connected"));
  EXPECT_THAT(shown, HasSubstr("^[[2Jevil second line")) << "the message of others, disarmed";
  EXPECT_THAT(watch.screen(), Not(HasSubstr(kClearScreen)));

  for (const TerminalSize size : {narrow, wide}) {
    watch.Resize(size);
    watch.Forget();
    ASSERT_TRUE(frame_fits(size)) << size.columns << " columns: " << watch.screen();
    EXPECT_THAT(NewestFrame(watch.screen())[0], testing::StartsWith("hostile: 1 running"));
  }
  EXPECT_TRUE(watch.ReadUntil([&] {
    return testing::PrintToString(NewestFrame(watch.screen())).find("slots") != std::string::npos;
  })) << "a wide window shows all of it again";

  ASSERT_EQ(cluster_.Tutti({"cancel", "hostile"}).code(), 0);
  EXPECT_EQ(watch.Finish().exit_code, 1) << "a run has failed";
  EXPECT_THAT(watch.screen(), HasSubstr(kScreenGivenBack));
  EXPECT_THAT(watch.screen(), testing::EndsWith("1 failed, 1 cancelled\r\n")) << "what stays";
}

TEST_F(Terminal, AnInterruptedWatchGivesTheScreenBack) {
  PtyProgram watch("tutti", With({"watch", "hostile"}));
  ASSERT_TRUE(watch.ReadUntil([&] { return !NewestFrame(watch.screen()).empty(); }));
  watch.Type("\x03");
  watch.Finish();
  EXPECT_THAT(watch.screen(), HasSubstr(kScreenGivenBack));
}

TEST_F(Terminal, NoCommandLetsTheTextOfOthersSteerIt) {
  const std::vector<std::vector<std::string>> commands{{"logs", FailedJob()},
                                                       {"show", FailedJob()},
                                                       {"explain", FailedJob()},
                                                       {"events"},
                                                       {"jobs", "hostile"}};
  for (const auto& command : commands) {
    PtyProgram program("tutti", With(command));
    EXPECT_EQ(program.Finish().exit_code, 0) << command[0];
    EXPECT_THAT(program.screen(), HasSubstr("^[[2J")) << command[0];
    EXPECT_THAT(program.screen(), Not(HasSubstr("\x1b"))) << command[0];
  }
  PtyProgram refused("tutti", With({"show", "no\x1b[2Jsweep"}));
  EXPECT_EQ(refused.Finish().exit_code, 2);
  EXPECT_THAT(refused.screen(), HasSubstr("no sweep is named \"no^[[2Jsweep\""));
}

TEST_F(Terminal, APipeGetsTheBytesThatWereWrittenAndPlainLines) {
  EXPECT_EQ(cluster_.Tutti({"logs", FailedJob()}).out, "log \x1b[2Jline\n");
  ASSERT_EQ(cluster_.Tutti({"cancel", "hostile"}).code(), 0);
  const Outcome watched = cluster_.Tutti({"watch", "hostile"});
  EXPECT_EQ(watched.code(), 1);
  EXPECT_EQ(watched.err, "hostile: runs 0/1, 1 failed, 1 cancelled\n");
}

}  // namespace
}  // namespace tutti
