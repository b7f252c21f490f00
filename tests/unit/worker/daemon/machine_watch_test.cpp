#include "worker/daemon/machine_watch.h"

#include <gmock/gmock.h>

#include "tests/unit/worker/daemon/loop_fixture.h"

namespace tutti {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

class ShortCommandTest : public LoopFixture {
 protected:
  Result<std::string> Ask(const std::string& program, milliseconds limit = milliseconds(5'000)) {
    std::optional<Result<std::string>> answer;
    auto command = ShortCommand::Start({*loop_, clock_, ledger_}, {program}, limit,
                                       [&](Result<std::string> told) { answer = std::move(told); });
    if (!command.ok()) return command.error();
    RunUntil([&] { return answer.has_value(); });
    return *answer;
  }
};

TEST_F(ShortCommandTest, TellsWhatTheProgramSays) {
  const auto answer = Ask(Script("ask", "echo one; echo two; echo not this >&2"));
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(*answer, "one\ntwo\n");
}

TEST_F(ShortCommandTest, AnExitCodeIsAnError) {
  EXPECT_THAT(Ask(Script("ask", "echo one; exit 9")).error().message, HasSubstr("exit code 9"));
  EXPECT_EQ(Ask("/nowhere/ask").error().code, ErrorCode::kNotFound);
}

TEST_F(ShortCommandTest, OneThatHangsIsEnded) {
  const auto answer = Ask(Script("ask", "echo begun; exec sleep 600"), milliseconds(50));
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code, ErrorCode::kDeadlineExceeded);
  EXPECT_THAT(answer.error().message, HasSubstr("50 ms"));
}

TEST_F(ShortCommandTest, OneThatNeverStopsTalkingIsEnded) {
  EXPECT_FALSE(Ask(Script("ask", "exec yes")).ok());
}

TEST_F(ShortCommandTest, IsNotTakenForWhatARunnerHasLeft) {
  ASSERT_TRUE(ledger_.AdoptOrphans().ok());
  std::optional<Result<std::string>> answer;
  const std::string go = dir_ / "go";
  auto command = ShortCommand::Start(
      {*loop_, clock_, ledger_},
      {Script("ask", "while ! [ -e '" + go + "' ]; do sleep 0.01; done; echo lives")},
      milliseconds(9'000), [&](Result<std::string> told) { answer = std::move(told); });
  ASSERT_TRUE(command.ok());
  EXPECT_EQ(ledger_.EndOrphans(milliseconds(0)), 0U);
  std::ofstream(go) << "go";
  RunUntil([&] { return answer.has_value(); });
  ASSERT_TRUE(answer->ok()) << answer->error().message;
  EXPECT_EQ(**answer, "lives\n");
}

class MachineWatchTest : public LoopFixture {
 protected:
  // Looks as often as the samples are taken.
  std::vector<MachineSample> Samples(std::size_t count, bool gpus, const std::string& tool = {},
                                     milliseconds interval = milliseconds(30)) {
    std::vector<MachineSample> samples;
    MachineWatch watch(
        {*loop_, clock_, files_, ledger_},
        {.gpus = gpus, .gpu_tool = tool, .interval = interval, .first = milliseconds(30)},
        [&](const MachineSample& sample) { samples.push_back(sample); });
    watch.Start();
    RunUntil([&] { return samples.size() >= count; });
    return samples;
  }
};

TEST_F(MachineWatchTest, TellsThisMachinesProcessorAndMemory) {
  for (const MachineSample& sample : Samples(3, false)) {
    EXPECT_GE(sample.use.cpu_share(), 0);
    EXPECT_LE(sample.use.cpu_share(), 1);
    EXPECT_GT(sample.use.memory_used_bytes(), 0);
    EXPECT_GT(sample.use.memory_total_bytes(), sample.use.memory_used_bytes());
    EXPECT_EQ(sample.use.gpus_size(), 0);
  }
}

TEST_F(MachineWatchTest, AsksTheToolForGpusAndTheirProcesses) {
  const std::string tool = Script("nvidia-smi", R"(
case "$1" in
--query-gpu=index,uuid,utilization.gpu,memory.used,memory.total,name)
  echo "0, GPU-a, 50, 1024, 81559, NVIDIA H100";;
--query-compute-apps=gpu_uuid,pid,used_memory,process_name)
  echo "GPU-a, 77, 1000, python3";;
*) exit 2;;
esac
[ "$2" = --format=csv,noheader,nounits ]
)");
  // Time enough for the tool: of one that has not answered by the next look nothing is told.
  const auto samples = Samples(1, true, tool, milliseconds(60'000));
  ASSERT_EQ(samples[0].use.gpus_size(), 1);
  EXPECT_EQ(samples[0].use.gpus(0).device(), "cuda:0");
  EXPECT_DOUBLE_EQ(samples[0].use.gpus(0).share(), 0.5);
  ASSERT_EQ(samples[0].gpu_processes.size(), 1U);
  EXPECT_EQ(samples[0].gpu_processes[0].pid, 77);
  EXPECT_GT(samples[0].use.memory_used_bytes(), 0);
}

TEST_F(MachineWatchTest, WithoutTheToolTheRestIsTold) {
  const auto samples = Samples(2, true, "/nowhere/nvidia-smi");
  EXPECT_EQ(samples[1].use.gpus_size(), 0);
  EXPECT_GT(samples[1].use.memory_used_bytes(), 0);
}

TEST_F(MachineWatchTest, AToolThatHangsHoldsNothingUp) {
  const auto samples = Samples(3, true, Script("nvidia-smi", "exec sleep 600"));
  EXPECT_GT(samples[2].use.memory_used_bytes(), 0);
}

}  // namespace
}  // namespace tutti
