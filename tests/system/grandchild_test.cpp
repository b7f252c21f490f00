// A user's program that starts a daemon of its own, in another session and with two forks between:
// nothing of it is left on the machine, however its run ends.
#include <csignal>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/cluster.h"
#include "tests/support/tiny_music.h"

namespace tutti {
namespace {

// Writes the daemon's pid to its argument once the daemon has let go of everything, then does what
// the next argument says. Its environment is emptied where a third one says so.
constexpr char kProgram[] = R"(import os, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        nothing = os.open(os.devnull, os.O_RDWR)
        for fd in (0, 1, 2):
            os.dup2(nothing, fd)
        with open(sys.argv[1] + '.part', 'w') as file:
            file.write(str(os.getpid()))
        os.rename(sys.argv[1] + '.part', sys.argv[1])
        sleeper = ['sleep', '1000']
        os.execvpe('sleep', sleeper, {} if len(sys.argv) > 3 else os.environ)
    os._exit(0)
os.wait()
while not os.path.exists(sys.argv[1]):
    time.sleep(0.01)
if sys.argv[2] == 'stay':
    time.sleep(1000)
sys.exit(0)
)";

class Grandchild : public testing::Test {
 protected:
  Grandchild() {
    std::filesystem::create_directories(cluster_.path("mine"));
    WriteFile(cluster_.path("mine/daemon.py"), kProgram);
  }

  RunningBinary& Worker() { return cluster_.StartWorker("one", 1, {"--allow-command"}); }
  // Gives the daemon's process once it lives.
  pid_t Begin(const std::string& what, const std::string& more = "") {
    const std::string told = PidFile();
    const std::string file =
        cluster_.SweepFile("name: mine\nrunner: {command: [python3, daemon.py, \"" + told + "\", " +
                           what + "], files: mine}\nmax_attempts: 1\n" + more);
    const Outcome submitted = cluster_.Tutti({"submit", file});
    EXPECT_EQ(submitted.code(), 0) << testing::PrintToString(submitted);
    return Daemon();
  }
  std::string PidFile() { return cluster_.path("pid"); }
  pid_t Daemon() {
    EXPECT_TRUE(Eventually([&] { return std::filesystem::exists(PidFile()); }));
    const std::string text = ReadWholeFile(PidFile());
    return text.empty() ? 0 : std::stoi(text);
  }
  // One that has ended and that nobody has asked for yet does not live.
  static bool Lives(pid_t pid) {
    const std::string stat = ReadWholeFile("/proc/" + std::to_string(pid) + "/stat");
    const std::size_t name_end = stat.rfind(") ");
    return name_end != std::string::npos && stat[name_end + 2] != 'Z';
  }
  static bool IsGone(pid_t pid) {
    return Eventually([pid] { return !Lives(pid); }, std::chrono::seconds(30));
  }

  Cluster cluster_;
};

TEST_F(Grandchild, DiesWhenItsRunIsCancelled) {
  Worker();
  const pid_t daemon = Begin("stay");
  ASSERT_TRUE(Lives(daemon));
  EXPECT_EQ(cluster_.Tutti({"cancel", "mine"}).code(), 0);
  EXPECT_TRUE(IsGone(daemon));
}

TEST_F(Grandchild, DiesWhenItsRunEndsInPeace) {
  Worker();
  const pid_t daemon = Begin("end");
  EXPECT_EQ(cluster_.Tutti({"watch", "mine"}).code(), 0);
  EXPECT_TRUE(IsGone(daemon));
}

TEST_F(Grandchild, DiesWithoutAnEnvironmentToo) {
  Worker();
  const pid_t daemon = Begin("stay, bare");
  EXPECT_EQ(cluster_.Tutti({"cancel", "mine"}).code(), 0);
  EXPECT_TRUE(IsGone(daemon));
}

TEST_F(Grandchild, DiesAtTheTimeLimit) {
  Worker();
  const pid_t daemon = Begin("stay", "time_limit: 2s\n");
  EXPECT_EQ(cluster_.Tutti({"watch", "mine"}).code(), 1);
  EXPECT_TRUE(IsGone(daemon));
}

TEST_F(Grandchild, DiesWhenItsRunnerIsKilled) {
  RunningBinary& worker = Worker();
  const pid_t daemon = Begin("stay");
  const auto runners = ChildrenOf(worker.pid(), "python3");
  ASSERT_EQ(runners.size(), 1U);
  ASSERT_EQ(::kill(runners[0], SIGKILL), 0);
  EXPECT_EQ(cluster_.Tutti({"watch", "mine"}).code(), 1);
  EXPECT_TRUE(IsGone(daemon));
}

TEST_F(Grandchild, DiesWhenItsWorkerDrains) {
  RunningBinary& worker = Worker();
  const pid_t daemon = Begin("stay");
  worker.Signal(SIGTERM);
  EXPECT_EQ(worker.Finish().code(), 0);
  EXPECT_FALSE(Lives(daemon)) << "it is gone before the worker is";
}

TEST_F(Grandchild, OfAKilledWorkerDiesAtItsNextStart) {
  RunningBinary& worker = Worker();
  const pid_t daemon = Begin("stay");
  worker.Signal(SIGKILL);
  worker.Finish();
  ASSERT_TRUE(Lives(daemon)) << "nobody is there to end it";
  std::filesystem::remove(PidFile());
  Worker();
  EXPECT_FALSE(Lives(daemon)) << "it is gone before the worker takes work";
  const pid_t next = Daemon();
  EXPECT_EQ(cluster_.Tutti({"cancel", "mine"}).code(), 0);
  EXPECT_TRUE(IsGone(next));
}

}  // namespace
}  // namespace tutti
