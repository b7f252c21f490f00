#include "cli/typing_errors.h"

#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/commands.h"

namespace tutti {
namespace {

using testing::HasSubstr;

class Commands : public testing::Test {
 protected:
  Commands() {
    program_.name("tutti");
    AddCommands(program_, context_);
  }
  std::string Told(const std::vector<std::string>& words) { return MistypedWord(program_, words); }

  SystemClock clock_;
  PosixFileSystem files_;
  SystemRandom random_;
  Interrupt interrupt_;
  Context context_{clock_, files_, random_, interrupt_, {}, {}, false, false, {}};
  CLI::App program_;
};

TEST_F(Commands, AMistypedCommandIsAnsweredWithTheNearest) {
  EXPECT_EQ(Told({"tabel", "gtzan"}),
            "tutti has no command \"tabel\", did you mean \"table\"? (tutti --help lists them)");
  EXPECT_EQ(Told({"dataset", "chekc", "music"}),
            "tutti dataset has no command \"chekc\", did you mean \"check\"? (tutti dataset --help "
            "lists them)");
  EXPECT_EQ(Told({"orchestrate"}), "tutti has no command \"orchestrate\"; tutti --help lists them");
}

TEST_F(Commands, AMistypedOptionIsAnsweredWithTheNearest) {
  EXPECT_THAT(Told({"table", "gtzan", "--formt", "csv"}),
              HasSubstr("tutti table has no option \"--formt\", did you mean \"--format\"?"));
  EXPECT_THAT(Told({"submit", "--dry_run=yes", "sweep.yaml"}),
              HasSubstr("tutti submit has no option \"--dry_run\", did you mean \"--dry-run\"?"));
  EXPECT_THAT(Told({"--verbose"}), HasSubstr("tutti has no option \"--verbose\""));
}

TEST_F(Commands, WhatIsRightIsNotBlamed) {
  EXPECT_EQ(Told({"table", "tabel", "--kind", "--formt", "-q"}), "") << "a name and a value";
  EXPECT_EQ(Told({"priority", "gtzan", "-5"}), "") << "a number";
  EXPECT_EQ(Told({"show", "--", "--formt"}), "") << "behind -- nothing is an option";
  EXPECT_EQ(Told({"checkpoint", "get", "12", "--which=best", "file"}), "");
  EXPECT_EQ(Told({}), "");
}

TEST_F(Commands, EachTakesTheCommonOptionsAndHasAnExample) {
  int seen = 0;
  const std::function<void(const CLI::App&)> visit = [&](const CLI::App& command) {
    const auto below = command.get_subcommands({});
    for (const CLI::App* one : below) visit(*one);
    if (!below.empty()) return;
    ++seen;
    for (const char* option : {"--json", "--quiet", "--profile", "--dir"}) {
      EXPECT_NE(command.get_option_no_throw(option), nullptr) << command.get_name() << option;
    }
    EXPECT_THAT(command.get_description(), HasSubstr("\nExample: tutti ")) << command.get_name();
  };
  visit(program_);
  EXPECT_GT(seen, 30);
}

}  // namespace
}  // namespace tutti
