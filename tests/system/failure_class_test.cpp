// Each class of failure, by real processes: what it is called, how often it is tried, what is kept.
#include <csignal>
#include <fstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "tests/support/cluster.h"
#include "tests/support/tiny_music.h"

namespace tutti {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class FailureClasses : public testing::Test {
 protected:
  // $$ in the script is one $. A program of the user's own, tried at most twice; what `tutti show`
  // tells of its run.
  Json RunProgram(const std::string& script, const std::string& more = "") {
    cluster_.StartWorker("one", 1, {"--allow-command"});
    const std::string text = "name: mine\nrunner: {command: [sh, -c, \"" + script +
                             "\"]}\ngrid: {x: [1]}\nmax_attempts: 2\n" + more;
    const Outcome ended = cluster_.Tutti({"submit", cluster_.SweepFile(text), "--wait"});
    EXPECT_EQ(ended.code(), 1) << testing::PrintToString(ended);
    return ShowFirst("mine", "command");
  }
  Json ShowFirst(const std::string& sweep, const std::string& kind) {
    for (const Json& job : cluster_.TuttiJson({"jobs", sweep})) {
      if (job["kind"] != kind) continue;
      return cluster_.TuttiJson({"show", std::to_string(job["id"].get<int>())});
    }
    return nullptr;
  }

  Cluster cluster_;
};

TEST_F(FailureClasses, AnExitCodeIsACrashAndTriedAgain) {
  const Json job = RunProgram("echo out; echo err >&2; exit 7");
  EXPECT_EQ(job["failure"], "crashed") << job;
  ASSERT_EQ(job["attempts"].size(), 2U);
  EXPECT_EQ(job["attempts"][1]["exit_code"], 7);
  EXPECT_THAT(job["attempts"][1]["log_tail"], testing::UnorderedElementsAre("out", "err"));
}

TEST_F(FailureClasses, ASignalIsACrashWithItsNumber) {
  const Json job = RunProgram("kill -SEGV $$$$");
  EXPECT_EQ(job["failure"], "crashed") << job;
  EXPECT_EQ(job["attempts"][0]["signal"], SIGSEGV);
}

TEST_F(FailureClasses, AKillThatTheKernelDidNotCountIsACrash) {
  const Json job = RunProgram("kill -KILL $$$$");
  EXPECT_EQ(job["failure"], "crashed") << job;
  EXPECT_EQ(job["attempts"][0]["signal"], SIGKILL);
}

TEST_F(FailureClasses, ATimeLimitIsToldAndTriedAgain) {
  const Json job = RunProgram("while :; do sleep 1; done", "time_limit: 1s\n");
  EXPECT_EQ(job["failure"], "timed_out") << job;
  EXPECT_EQ(job["attempts"].size(), 2U);
  EXPECT_THAT(job["message"].get<std::string>(), HasSubstr("time limit of 1000 ms"));
}

TEST_F(FailureClasses, WhatARunnerSaysOfItselfIsTaken) {
  const Json job = RunProgram(
      R"(echo '{\"event\":\"error\",\"class\":\"out_of_memory\",\"message\":\"too big\"}')");
  EXPECT_EQ(job["failure"], "out_of_memory") << job;
  EXPECT_EQ(job["message"], "too big");
  EXPECT_EQ(job["attempts"].size(), 2U) << "it is tried again";
}

TEST_F(FailureClasses, ABadConfigurationIsNotTriedAgain) {
  const Json job =
      RunProgram(R"(echo '{\"event\":\"error\",\"class\":\"bad_config\",\"message\":\"no\"}')");
  EXPECT_EQ(job["failure"], "bad_config") << job;
  EXPECT_EQ(job["attempts"].size(), 1U);
}

TEST_F(FailureClasses, AFailedShardFailsItsRunsAndTheySayWhy) {
  WriteTinyMusic(cluster_.path("music"));
  const auto music = std::filesystem::canonical(cluster_.path("music"));
  ASSERT_EQ(cluster_.Tutti({"dataset", "add", "tiny", music, "--in-place"}).code(), 0);
  std::ofstream(music / "bell" / "bell.00.wav", std::ios::app) << "more";
  cluster_.StartWorker("one", 1, {"--data-root", music.string() + "=" + music.string()});
  TinySweep sweep;
  EXPECT_EQ(cluster_.Tutti({"submit", cluster_.SweepFile(TinySweepFile(sweep)), "--wait"}).code(),
            1);
  const Json run = ShowFirst("tiny", "train");
  EXPECT_EQ(run["failure"], "dependency_failed") << run;
  EXPECT_THAT(run["message"].get<std::string>(),
              AllOf(HasSubstr("preprocess job"), HasSubstr("bad_data"), HasSubstr("bell.00.wav")));
  EXPECT_TRUE(run["attempts"].empty());
  const Json shard = ShowFirst("tiny", "preprocess");
  EXPECT_EQ(shard["attempts"].size(), 1U) << "bad data is not tried again";
  const std::string explained =
      cluster_.Tutti({"explain", std::to_string(run["id"].get<int>())}).out;
  EXPECT_THAT(explained, AllOf(HasSubstr("failed: dependency_failed"), HasSubstr("bell.00.wav"),
                               HasSubstr("tutti dataset check DIR")));
}

std::uint64_t AddressSpaceOf(pid_t pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  std::string word;
  while (status >> word) {
    std::uint64_t kilobytes = 0;
    if (word == "VmSize:" && status >> kilobytes) return kilobytes << 10;
  }
  return 0;
}

// The runner is warm from a small run; a larger one then finds no more room.
TEST_F(FailureClasses, ATrainingThatFindsNoMemoryIsOutOfMemoryAndItsRunnerGoesOn) {
  cluster_.AddTinyMusic();
  RunningBinary& worker = cluster_.StartWorker("one");
  TinySweep small;
  small.models = "[rnn]";
  small.seeds = "[333]";
  small.epochs = 1;
  ASSERT_EQ(cluster_.Tutti({"submit", cluster_.SweepFile(TinySweepFile(small)), "--wait"}).code(),
            0);
  const auto runners = ChildrenOf(worker.pid(), "tutti-train");
  ASSERT_EQ(runners.size(), 1U);
  rlimit limit{};
  limit.rlim_cur = limit.rlim_max = AddressSpaceOf(runners[0]) + (4 << 20);
  ASSERT_EQ(::prlimit(runners[0], RLIMIT_AS, &limit, nullptr), 0);
  TinySweep large = small;
  large.name = "large";
  large.models = "[cnn]";
  large.more = "max_attempts: 1";
  EXPECT_EQ(cluster_.Tutti({"submit", cluster_.SweepFile(TinySweepFile(large)), "--wait"}).code(),
            1);
  const Json job = ShowFirst("large", "train");
  EXPECT_EQ(job["failure"], "out_of_memory") << job;
  EXPECT_EQ(ChildrenOf(worker.pid(), "tutti-train"), runners) << "it lived on";
}

}  // namespace
}  // namespace tutti
