#include "worker/daemon/runner_process.h"

#include <csignal>
#include <fcntl.h>
#include <iterator>
#include <unistd.h>

#include <gmock/gmock.h>
#include <sys/stat.h>

#include "tests/support/result_matchers.h"
#include "tests/unit/worker/daemon/loop_fixture.h"

namespace tutti {
namespace {

constexpr char kResult[] = "{\"event\":\"result\",\"metrics\":{\"x\":1}}";

// One runner that runs a script, and what came of its job.
class RunnerProcessTest : public LoopFixture {
 protected:
  void Start(const std::string& program) {
    RunnerProcess::Surroundings around = Around();
    around.oom_root = oom_root_;
    auto started = RunnerProcess::Start(around, {.arguments = {program}}, [this] { gone_ = true; });
    ASSERT_TRUE(IsOk(started));
    runner_ = *std::move(started);
  }
  void Give(const std::string& line = "{\"job\":\"1\"}\n") {
    end_.reset();
    runner_->GiveJob(
        line, [this](const RunnerEvent& event) { events_.push_back(event); },
        [this](JobEnd end) { end_ = std::move(end); });
  }
  void RunScript(const std::string& body) {
    Start(Script("runner", body));
    Give();
    RunUntil([this] { return end_.has_value(); });
  }
  const v1::Broke& Broke() {
    static const v1::Broke kNone;
    const auto* broke = end_ ? std::get_if<v1::Broke>(&*end_) : nullptr;
    EXPECT_NE(broke, nullptr) << "it did not break";
    return broke == nullptr ? kNone : *broke;
  }
  bool Finished() const { return end_ && std::holds_alternative<RunnerResult>(*end_); }

  // A machine whose kernel has ended two processes for want of memory so far; the line that makes
  // them three, for a script.
  std::string CountKills() {
    oom_root_ = dir_ / "machine";
    std::filesystem::create_directories(oom_root_ / "proc");
    const std::string vmstat = oom_root_ / "proc" / "vmstat";
    std::ofstream(vmstat) << "pgfault 5\noom_kill 2\n";
    return "printf 'pgfault 9\\noom_kill 3\\n' > '" + vmstat + "'\n";
  }

  std::filesystem::path oom_root_ = "/";
  std::unique_ptr<RunnerProcess> runner_;
  std::vector<RunnerEvent> events_;
  std::optional<JobEnd> end_;
  bool gone_ = false;
};

TEST_F(RunnerProcessTest, ProgramThatPrintsOnlyAResultIsEnough) {
  RunScript(std::string("read job; echo '") + kResult + "'");
  ASSERT_TRUE(Finished());
  EXPECT_EQ(std::get<RunnerResult>(*end_).finished.metrics().at("x"), 1);
  RunUntil([this] { return gone_; });
}

TEST_F(RunnerProcessTest, EventsComeInOrderAndOtherLinesAreLog) {
  RunScript(
      "read job; echo hello\n"
      "echo '{\"event\":\"progress\",\"done\":1,\"total\":2}'\n"
      "echo '{\"event\":\"unknown\"}'\n"
      "echo '{\"event\":\"epoch\",\"epoch\":1}'\n"
      "echo oops >&2; exit 3");
  std::vector<std::string> log;
  std::erase_if(events_, [&](const RunnerEvent& event) {
    const auto* line = std::get_if<RunnerLogLine>(&event);
    if (line != nullptr) log.push_back(line->text);
    return line != nullptr;
  });
  ASSERT_EQ(events_.size(), 2u);
  EXPECT_TRUE(std::holds_alternative<v1::Progress>(events_[0]));
  EXPECT_TRUE(std::holds_alternative<v1::EpochPoint>(events_[1]));
  EXPECT_THAT(log, testing::UnorderedElementsAre("hello", "{\"event\":\"unknown\"}", "oops"));
  EXPECT_THAT(Broke().log_tail(),
              testing::UnorderedElementsAre("hello", "{\"event\":\"unknown\"}", "oops"));
}

TEST_F(RunnerProcessTest, ExitCodeWithoutAResultIsACrash) {
  RunScript("exit 3");
  EXPECT_EQ(Broke().failure(), v1::FAILURE_CLASS_CRASHED);
  EXPECT_EQ(Broke().exit_code(), 3);
  EXPECT_EQ(Broke().signal(), 0);
}

TEST_F(RunnerProcessTest, ExitCodeZeroWithoutAResultIsACrashToo) {
  RunScript("read job; exit 0");
  EXPECT_EQ(Broke().failure(), v1::FAILURE_CLASS_CRASHED);
  EXPECT_THAT(Broke().message(), testing::HasSubstr("ended without a result"));
}

TEST_F(RunnerProcessTest, SignalIsTold) {
  RunScript("kill -SEGV $$");
  EXPECT_EQ(Broke().failure(), v1::FAILURE_CLASS_CRASHED);
  EXPECT_EQ(Broke().signal(), SIGSEGV);
  EXPECT_EQ(Broke().exit_code(), -1);
}

TEST_F(RunnerProcessTest, AKillThatTheKernelCountsAsOneForWantOfMemoryIsOutOfMemory) {
  RunScript("read job; " + CountKills() + "kill -KILL $$");
  EXPECT_EQ(Broke().failure(), v1::FAILURE_CLASS_OUT_OF_MEMORY);
  EXPECT_EQ(Broke().signal(), SIGKILL);
  EXPECT_THAT(Broke().message(), testing::HasSubstr("no memory left"));
}

TEST_F(RunnerProcessTest, AShellWhoseChildTheKernelEndedIsOutOfMemoryToo) {
  RunScript("read job; " + CountKills() + "exit 137");
  EXPECT_EQ(Broke().failure(), v1::FAILURE_CLASS_OUT_OF_MEMORY);
  EXPECT_EQ(Broke().exit_code(), 137);
}

TEST_F(RunnerProcessTest, AKillThatTheKernelDidNotCountIsACrash) {
  CountKills();
  RunScript("read job; kill -KILL $$");
  EXPECT_EQ(Broke().failure(), v1::FAILURE_CLASS_CRASHED);
  EXPECT_EQ(Broke().signal(), SIGKILL);
}

TEST_F(RunnerProcessTest, AnotherEndWhileTheKernelCountsIsACrash) {
  RunScript("read job; " + CountKills() + "kill -SEGV $$");
  EXPECT_EQ(Broke().failure(), v1::FAILURE_CLASS_CRASHED) << "the machine's count is everybody's";
}

TEST_F(RunnerProcessTest, ErrorLineGivesItsClassAndTheLog) {
  RunScript(
      "read job; echo 'what happened'\n"
      "echo '{\"event\":\"error\",\"class\":\"bad_data\",\"message\":\"no shard\"}'");
  EXPECT_EQ(Broke().failure(), v1::FAILURE_CLASS_BAD_DATA);
  EXPECT_EQ(Broke().message(), "no shard");
  EXPECT_THAT(Broke().log_tail(), testing::ElementsAre("what happened"));
}

TEST_F(RunnerProcessTest, ReusableRunnerStaysWarmForTheNextJob) {
  Start(
      Script("runner", std::string("echo '{\"event\":\"hello\",\"protocol\":1,\"reusable\":true}'\n"
                                   "while read job; do echo log; echo '") +
                           kResult + "'; done"));
  for (int i = 0; i < 3; ++i) {
    Give();
    RunUntil([this] { return end_.has_value(); });
    EXPECT_TRUE(Finished());
    EXPECT_TRUE(runner_->TakesJob());
  }
  EXPECT_FALSE(gone_);
}

TEST_F(RunnerProcessTest, ReusableRunnerGoesOnAfterAnErrorLine) {
  Start(Script("runner",
               "echo '{\"event\":\"hello\",\"protocol\":1,\"reusable\":true}'\n"
               "while read job; do echo '{\"event\":\"error\",\"class\":\"bad_config\"}'; done"));
  Give();
  RunUntil([this] { return end_.has_value(); });
  EXPECT_EQ(Broke().failure(), v1::FAILURE_CLASS_BAD_CONFIG);
  EXPECT_EQ(runner_->state(), RunnerProcess::State::kIdle);
}

TEST_F(RunnerProcessTest, WarmRunnerThatDiesBetweenJobsTakesNoMore) {
  Start(
      Script("runner", std::string("echo '{\"event\":\"hello\",\"protocol\":1,\"reusable\":true}'\n"
                                   "read job; echo '") +
                           kResult + "'"));
  Give();
  RunUntil([this] { return gone_; });
  EXPECT_TRUE(Finished());
  EXPECT_FALSE(runner_->TakesJob());
}

TEST_F(RunnerProcessTest, JobLineLargerThanAPipeArrivesWhole) {
  Start(Python("runner",
               "line = sys.stdin.readline()\n"
               "print(json.dumps({'event': 'result', 'metrics': {'n': len(line)}}))"));
  Give(std::string(5'000'000, 'x') + "\n");
  RunUntil([this] { return end_.has_value(); });
  ASSERT_TRUE(Finished());
  EXPECT_EQ(std::get<RunnerResult>(*end_).finished.metrics().at("n"), 5'000'001);
}

TEST_F(RunnerProcessTest, RunnerThatNeverReadsItsJobStillEnds) {
  Start(Script("runner", "exec <&-; exit 4"));
  Give(std::string(5'000'000, 'x') + "\n");
  RunUntil([this] { return end_.has_value(); });
  EXPECT_EQ(Broke().exit_code(), 4);
}

TEST_F(RunnerProcessTest, LogIsBoundedInLinesAndInTheirLength) {
  Start(Python("runner", "print('x' * 1000000)\nfor i in range(1000): print(i)\nsys.exit(1)"));
  Give();
  RunUntil([this] { return end_.has_value(); });
  EXPECT_EQ(Broke().log_tail_size(), static_cast<int>(kLogTailLines));
  EXPECT_EQ(Broke().log_tail(kLogTailLines - 1), "999");
}

TEST_F(RunnerProcessTest, EventLineBeyondItsLimitBreaksTheJob) {
  Start(Python("runner",
               "sys.stdin.readline()\n"
               "print('{\"event\": \"result\", \"x\": \"' + 'x' * (33 << 20) + '\"}')"));
  Give();
  RunUntil([this] { return end_.has_value(); });
  EXPECT_THAT(Broke().message(), testing::HasSubstr("event line of more than"));
}

TEST_F(RunnerProcessTest, ResultThatCannotBeReadBreaksTheJob) {
  RunScript("read job; echo '{\"event\":\"result\",\"metrics\":3}'; sleep 1000");
  EXPECT_THAT(Broke().message(), testing::HasSubstr("last line cannot be read"));
}

TEST_F(RunnerProcessTest, OtherProtocolIsRefused) {
  RunScript("echo '{\"event\":\"hello\",\"protocol\":2}'; sleep 1000");
  EXPECT_THAT(Broke().message(), testing::HasSubstr("speaks protocol 2, expected 1"));
}

TEST_F(RunnerProcessTest, KillTakesTheGrandchildrenAndTellsNothing) {
  const std::string fifo = (dir_ / "fifo").string();
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  const UniqueFd held(::open(fifo.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  Start(Script("runner",
               "sleep 1000 > " + fifo + " &\necho '{\"event\":\"progress\",\"done\":1}'; wait"));
  Give();
  RunUntil([this] { return !events_.empty(); });
  runner_->Kill();
  RunUntil([this] { return gone_; });
  EXPECT_FALSE(end_.has_value());
  // Blocks until the grandchild, the only writer, is gone.
  ASSERT_EQ(::fcntl(held.get(), F_SETFL, 0), 0);
  char c = 0;
  EXPECT_EQ(::read(held.get(), &c, 1), 0);
}

TEST_F(RunnerProcessTest, ChildThatOutlivesTheRunnerDoesNotHoldTheJob) {
  RunScript("sleep 1000 & exit 5");
  EXPECT_EQ(Broke().exit_code(), 5);
}

TEST_F(RunnerProcessTest, LeavesNoDescriptorAndNoEntryBehind) {
  RunScript("exit 0");
  runner_.reset();
  const auto count = [] {
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {});
  };
  const auto before = count();
  RunScript("exit 0");
  EXPECT_FALSE(std::filesystem::is_empty(dir_ / "runners"));
  runner_.reset();
  EXPECT_EQ(count(), before);
  EXPECT_TRUE(std::filesystem::is_empty(dir_ / "runners"));
}

TEST_F(RunnerProcessTest, MissingProgramIsToldAtTheStart) {
  EXPECT_TRUE(FailsWith(RunnerProcess::Start(Around(), {.arguments = {"/no/such/runner"}}, [] {}),
                        ErrorCode::kNotFound, "/no/such/runner"));
}

}  // namespace
}  // namespace tutti
