// Workers that end by themselves: when there is no work, and when their time is over.
#include <csignal>
#include <ctime>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/clock.h"
#include "tests/support/cluster.h"

namespace tutti {
namespace {

using testing::HasSubstr;

Json Shown(Cluster& cluster, const Json& run) {
  return cluster.TuttiJson({"show", std::to_string(run["id"].get<int>())});
}

// As an operator types it, with seconds.
std::string LocalTime(std::chrono::seconds from_now) {
  const std::time_t at = ToInt(SystemClock().WallNow()) / 1000 + from_now.count();
  std::tm local{};
  ::localtime_r(&at, &local);
  char text[32];
  std::strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &local);
  return text;
}

TEST(WorkerEnd, PastUntilItGivesBackWhatRunsAndEndsWell) {
  Cluster cluster;
  const std::string file =
      cluster.SweepFile("name: long\nrunner: {command: [sleep, \"1000\"]}\ngrid: {n: [1, 2]}\n");
  ASSERT_EQ(cluster.Tutti({"submit", file}).code(), 0);
  const std::string until = LocalTime(std::chrono::seconds(8));
  RunningBinary& worker = cluster.StartWorker("one", 1, {"--allow-command", "--until", until});
  ASSERT_TRUE(Eventually([&] {
    const Json runs = cluster.TuttiJson({"jobs", "long"});
    return runs[0]["phase"] == "running" || runs[1]["phase"] == "running";
  }));
  const Outcome ended = worker.Finish();
  EXPECT_EQ(ended.code(), 0) << testing::PrintToString(ended);
  int returned = 0;
  for (const Json& run : cluster.TuttiJson({"jobs", "long"})) {
    EXPECT_EQ(run["phase"], "ready");
    const Json shown = Shown(cluster, run);
    if (shown["attempts"].empty()) continue;  // one slot: the other run never began
    ++returned;
    EXPECT_EQ(shown["attempts"][0]["outcome"], "returned");
    EXPECT_THAT(shown["attempts"][0]["message"].get<std::string>(), HasSubstr("--until"));
  }
  EXPECT_EQ(returned, 1);
}

TEST(WorkerEnd, StartedPastUntilItTakesNoWork) {
  Cluster cluster;
  const std::string file =
      cluster.SweepFile("name: short\nrunner: {command: [\"true\"]}\ngrid: {n: [1]}\n");
  ASSERT_EQ(cluster.Tutti({"submit", file}).code(), 0);
  const Outcome ended = RunBinary(
      "tutti-worker", {"--profile", cluster.profile("worker"), "--dir", cluster.path("one"),
                       "--allow-command", "--until", LocalTime(std::chrono::seconds(-60))});
  EXPECT_EQ(ended.code(), 0) << testing::PrintToString(ended);
  EXPECT_EQ(cluster.TuttiJson({"jobs", "short"})[0]["attempt"], 0);
}

// The second sleeps longer than the worker waits for work.
TEST(WorkerEnd, IdleForSoLongItEndsButNotWhileItWorks) {
  Cluster cluster;
  const std::string file = cluster.SweepFile(
      "name: short\nrunner: {command: [sleep, \"${seconds}\"]}\ngrid: {seconds: [0, 3]}\n");
  ASSERT_EQ(cluster.Tutti({"submit", file}).code(), 0);
  RunningBinary& worker =
      cluster.StartWorker("one", 1, {"--allow-command", "--exit-when-idle", "1500ms"});
  const Outcome ended = worker.Finish();
  EXPECT_EQ(ended.code(), 0) << testing::PrintToString(ended);
  for (const Json& run : cluster.TuttiJson({"jobs", "short"})) {
    EXPECT_EQ(run["phase"], "succeeded") << run;
    EXPECT_EQ(run["attempt"], 1) << run;
  }
}

class ToldToEnd : public testing::Test {
 protected:
  // Sends SIGTERM to the program alone, once it runs.
  void EndProgram() {
    const std::string file = cluster_.SweepFile(
        "name: told\nrunner: {command: [sh, -c, 'echo $$$$ > \"$1.new\"; mv \"$1.new\" \"$1\"; "
        "exec sleep 1000', sh, \"" +
        cluster_.path("pid").string() + "\"]}\ngrid: {n: [1]}\nmax_attempts: 1\n");
    EXPECT_EQ(cluster_.Tutti({"submit", file}).code(), 0);
    EXPECT_TRUE(Eventually([&] { return std::filesystem::exists(cluster_.path("pid")); }));
    pid_t pid = 0;
    std::ifstream(cluster_.path("pid")) >> pid;
    ASSERT_GT(pid, 1);
    ::kill(pid, SIGTERM);
  }
  Json Job() { return cluster_.TuttiJson({"jobs", "told"})[0]; }
  Json Attempt() { return Shown(cluster_, Job())["attempts"][0]; }

  Cluster cluster_;
  RunningBinary& worker_ = cluster_.StartWorker("one", 1, {"--allow-command"});
};

// As scancel and systemd do it: every process is told, in whatever order.
TEST_F(ToldToEnd, TogetherWithItsProgramTheWorkerGivesTheJobBack) {
  EndProgram();
  worker_.Signal(SIGTERM);
  const Outcome ended = worker_.Finish();
  EXPECT_EQ(ended.code(), 0) << testing::PrintToString(ended);
  EXPECT_EQ(Job()["phase"], "ready") << "it did not crash";
  EXPECT_EQ(Attempt()["outcome"], "returned");
  EXPECT_EQ(Attempt()["failure"], "preempted");
}

TEST_F(ToldToEnd, AProgramThatIsToldAloneHasCrashed) {
  EndProgram();
  ASSERT_TRUE(Eventually([&] { return Job()["phase"] == "failed"; }));
  EXPECT_EQ(Attempt()["failure"], "crashed");
  EXPECT_EQ(Attempt()["signal"], SIGTERM);
}

TEST(WorkerEnd, WithoutACoordinatorItIsIdleToo) {
  Cluster cluster;
  cluster.KillCoordinator();
  const Outcome ended = RunBinary("tutti-worker", {"--profile", cluster.profile("worker"), "--dir",
                                                   cluster.path("one"), "--exit-when-idle", "1s"});
  EXPECT_EQ(ended.code(), 0) << testing::PrintToString(ended);
}

TEST(WorkerEnd, ATimeThatIsNoneIsBadInput) {
  const Outcome refused =
      RunBinary("tutti-worker", {"--profile", "x", "--dir", "y", "--until", "tomorrow"});
  EXPECT_EQ(refused.code(), 2);
  EXPECT_THAT(refused.err, HasSubstr("such as 08:00 or 2026-11-24T08:00; got \"tomorrow\""));
}

}  // namespace
}  // namespace tutti
