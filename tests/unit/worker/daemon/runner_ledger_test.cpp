#include "worker/daemon/runner_ledger.h"

#include <fstream>

#include <gtest/gtest.h>

#include "common/json.h"
#include "common/process.h"
#include "tests/support/result_matchers.h"
#include "tests/support/temp_dir.h"

namespace tutti {
namespace {

class RunnerLedgerTest : public testing::Test {
 protected:
  RunnerLedger Open() { return *RunnerLedger::Open(files_, random_, dir_ / "runners"); }

  // A shell that says "ready" after `before`, then waits for ever.
  std::unique_ptr<ChildProcess> SpawnShell(const std::string& mark, const std::string& script) {
    SpawnOptions options;
    options.argv = {"sh", "-c", script};
    options.environment = {{kRunnerMarkVariable, mark}};
    options.input = Stream::kPipe;
    options.output = Stream::kPipe;
    auto child = *Spawn(options);
    char c = 0;
    while (::read(child->output().get(), &c, 1) == 1 && c != '\n') {
    }
    return child;
  }
  void WriteEntry(pid_t pid, std::uint64_t start_time, const std::string& mark) {
    std::ofstream(dir_ / "runners" / (std::to_string(pid) + ".json"))
        << DumpJson({{"pid", pid}, {"start_time", start_time}, {"mark", mark}});
  }

  TempDir dir_;
  PosixFileSystem files_;
  SystemRandom random_;
};

TEST_F(RunnerLedgerTest, EndsTheRunnersOfAnEarlierDaemon) {
  RunnerLedger earlier = Open();
  const auto child = SpawnShell(earlier.mark(), "echo ready; read x");
  ASSERT_TRUE(IsOk(earlier.Add(child->pid())));
  EXPECT_EQ(Open().ended(), 1);
  EXPECT_EQ(child->Wait().signal, SIGKILL);
  EXPECT_EQ(Open().ended(), 0);
}

TEST_F(RunnerLedgerTest, EndsGrandchildrenWhoseRunnerIsGone) {
  RunnerLedger earlier = Open();
  const auto child = SpawnShell(earlier.mark(), "sleep 1000 & echo ready; exit 0");
  ASSERT_TRUE(IsOk(earlier.Add(child->pid())));
  child->Wait();
  UniqueFd output = std::move(child->output());
  EXPECT_EQ(Open().ended(), 1);
  char c = 0;
  EXPECT_EQ(::read(output.get(), &c, 1), 0);  // the sleeper has let go
}

TEST_F(RunnerLedgerTest, LeavesAnotherProcessOfTheSameNumberAlone) {
  Open();
  const auto stranger = SpawnShell("other", "echo ready; read x");
  WriteEntry(stranger->pid(), *StartTimeOf(stranger->pid()) + 1, "mine");
  EXPECT_EQ(Open().ended(), 0);
  EXPECT_EQ(stranger->TryWait(), std::nullopt);
}

TEST_F(RunnerLedgerTest, EndsWhatLeftTheGroupOfARunnerThatHasEndedInPeace) {
  RunnerLedger ledger = Open();
  const auto child = SpawnShell(ledger.mark(), "setsid sleep 1000 & echo ready; exit 0");
  ASSERT_TRUE(IsOk(ledger.Add(child->pid())));
  child->Wait();
  ledger.Remove(child->pid());
  UniqueFd output = std::move(child->output());
  EXPECT_EQ(Open().ended(), 1);
  char c = 0;
  EXPECT_EQ(::read(output.get(), &c, 1), 0);  // the sleeper has let go
}

TEST_F(RunnerLedgerTest, EndsMembersOfARunnersGroupThatHaveClearedTheirEnvironment) {
  RunnerLedger earlier = Open();
  const auto child = SpawnShell(earlier.mark(), "env -i sleep 1000 & echo ready; read x");
  ASSERT_TRUE(IsOk(earlier.Add(child->pid())));
  EXPECT_EQ(Open().ended(), 2);
}

TEST_F(RunnerLedgerTest, EndsOrphansAndNoRunner) {
  RunnerLedger ledger = Open();
  const auto runner = SpawnShell("any", "echo ready; read x");
  ASSERT_TRUE(IsOk(ledger.Add(runner->pid())));
  SpawnOptions orphan;
  orphan.argv = {"sleep", "1000"};
  const auto child = *Spawn(orphan);
  EXPECT_EQ(ledger.EndOrphans(std::chrono::seconds(10)), 0U) << "nothing was adopted yet";
  ASSERT_TRUE(IsOk(ledger.AdoptOrphans()));
  EXPECT_EQ(ledger.EndOrphans(std::chrono::seconds(10)), 1U);
  EXPECT_EQ(ledger.EndOrphans(std::chrono::seconds(10)), 0U);
  EXPECT_EQ(runner->TryWait(), std::nullopt);
}

TEST_F(RunnerLedgerTest, EntryThatCannotBeReadIsDropped) {
  Open();
  std::ofstream(dir_ / "runners" / "12.json") << "{\"pid\":";
  std::ofstream(dir_ / "runners" / "1.json") << R"({"pid":1,"start_time":0,"mark":""})";
  EXPECT_EQ(Open().ended(), 0);
  EXPECT_TRUE(std::filesystem::is_empty(dir_ / "runners"));
}

TEST(StartTime, IsKnownOfLivingProcessesOnly) {
  EXPECT_TRUE(StartTimeOf(::getpid()).has_value());
  EXPECT_FALSE(StartTimeOf(99'999'999).has_value());
}

}  // namespace
}  // namespace tutti
