// Following what happens, and what a run prints, while it goes on.
#include <csignal>
#include <memory>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/cluster.h"
#include "tests/support/tiny_music.h"

namespace tutti {
namespace {

using testing::HasSubstr;
using testing::Not;

class FollowCommands : public testing::Test {
 protected:
  FollowCommands() { cluster_.StartWorker("one", 1, {"--allow-command"}); }

  // Its one run prints "first", waits until it may go on, and prints "second".
  std::string SubmitAndGetRun(const std::string& name) {
    const Outcome submitted = cluster_.Tutti({"submit", cluster_.SweepFile("name: " + name + R"(
runner:
  command: [sh, -c, "echo first; until [ -e \"$GO\" ]; do sleep 0.1; done; echo second"]
  environment: {GO: )" + go_ + "}\ngrid: {x: [1]}\n")});
    EXPECT_EQ(submitted.code(), 0) << testing::PrintToString(submitted);
    return std::to_string(cluster_.TuttiJson({"jobs", name})[0]["id"].get<int>());
  }
  void LetItGoOn() { WriteFile(go_, ""); }
  std::unique_ptr<RunningBinary> Start(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--profile", cluster_.profile("admin")});
    return std::make_unique<RunningBinary>("tutti", arguments);
  }
  static bool Says(RunningBinary& program, const std::string& text) {
    return program.ReadUntil([&] { return program.out().find(text) != std::string::npos; });
  }

  Cluster cluster_;
  const std::string go_ = cluster_.path("go");
};

TEST_F(FollowCommands, LogsFollowARunToItsEnd) {
  const std::string id = SubmitAndGetRun("talks");
  const auto logs = Start({"logs", id, "--follow"});
  const auto json = Start({"logs", id, "--follow", "--json"});
  const auto quiet = Start({"logs", id, "--follow", "--quiet"});
  EXPECT_TRUE(Says(*logs, "first\n")) << logs->err();
  EXPECT_TRUE(Says(*json, "first")) << json->err();
  EXPECT_THAT(logs->out(), Not(HasSubstr("second"))) << "it has not been printed yet";
  LetItGoOn();
  EXPECT_TRUE(Says(*logs, "second\n")) << logs->err();
  const Outcome ended = logs->Finish();
  EXPECT_EQ(ended.code(), 0) << testing::PrintToString(ended);
  EXPECT_EQ(ended.out, "first\nsecond\n");
  EXPECT_EQ(json->Finish().out,
            "{\"attempt\":1,\"number\":1,\"text\":\"first\"}\n"
            "{\"attempt\":1,\"number\":2,\"text\":\"second\"}\n");
  EXPECT_EQ(quiet->Finish().out, "1\n");
}

TEST_F(FollowCommands, EventsComeAsTheyHappenUntilInterrupted) {
  cluster_.AddTinyMusic();
  const auto all = Start({"events", "--follow"});
  EXPECT_TRUE(Says(*all, "dataset_registered")) << all->err();
  const std::string id = SubmitAndGetRun("talks");
  const auto of_sweep = Start({"events", "talks", "--follow", "--json"});
  EXPECT_TRUE(Says(*all, "sweep talks  job " + id + "  attempt 1  worker one")) << all->out();
  EXPECT_THAT(all->out(), Not(HasSubstr("result_accepted")));
  LetItGoOn();
  EXPECT_TRUE(Says(*all, "result_accepted")) << all->out();
  EXPECT_TRUE(Says(*of_sweep, "result_accepted")) << of_sweep->out();
  for (RunningBinary* program : {all.get(), of_sweep.get()}) {
    program->Signal(SIGINT);
    EXPECT_EQ(program->Finish().code(), 0);
  }
  EXPECT_THAT(of_sweep->out(), Not(HasSubstr("\"sweep\":\"\""))) << "only of this sweep";
}

TEST_F(FollowCommands, WatchAsJsonHasALineAChange) {
  SubmitAndGetRun("talks");
  const auto watch = Start({"watch", "talks", "--json"});
  EXPECT_TRUE(Says(*watch, "\"running\":[{")) << watch->err();
  LetItGoOn();
  const Outcome ended = watch->Finish();
  EXPECT_EQ(ended.code(), 0) << testing::PrintToString(ended);
  EXPECT_EQ(ended.err, "");
  std::istringstream lines(ended.out);
  std::vector<Json> states;
  for (std::string line; std::getline(lines, line);) states.push_back(Json::parse(line));
  ASSERT_GE(states.size(), 2U);
  EXPECT_EQ(states[0]["name"], "talks");
  EXPECT_TRUE(states[0].contains("remaining_seconds"));
  EXPECT_EQ(states.back()["runs"]["succeeded"], 1) << states.back();
  EXPECT_EQ(states.back()["running"].size(), 0U);
  for (std::size_t i = 1; i < states.size(); ++i) {
    Json before = states[i - 1];
    Json after = states[i];
    before.erase("remaining_seconds");
    after.erase("remaining_seconds");
    EXPECT_NE(before, after) << "nothing but the time left changed";
  }
}

}  // namespace
}  // namespace tutti
