// The texts are real ones: of Linux 6.1 on two cores, and of nvidia-smi 550 and 580.
#include "worker/daemon/machine_use.h"

#include <gmock/gmock.h>

#include "tests/support/temp_dir.h"
#include "tests/support/tiny_music.h"

namespace tutti {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

constexpr std::int64_t kGibibyte = 1 << 30;

constexpr char kStat[] =
    "cpu  125920 10 8458 21640 398 0 82 172 7 3\n"
    "cpu0 62869 0 4269 10787 299 0 33 64 0 0\n"
    "cpu1 63051 0 4189 10853 99 0 48 108 0 0\n"
    "intr 9151731 0 9 0\n"
    "ctxt 1\n";

TEST(MachineUse, BusyIsAllThatIsNeitherIdleNorWaitingForADisk) {
  const auto times = ParseCpuTimes(kStat);
  ASSERT_TRUE(times);
  EXPECT_EQ(times->busy, 125920U + 10 + 8458 + 0 + 82 + 172) << "guests are in the first two";
  EXPECT_EQ(times->total, times->busy + 21640 + 398);
}

TEST(MachineUse, TheShareIsOfTheTimeBetweenTwoLooks) {
  EXPECT_DOUBLE_EQ(CpuShare({100, 1000}, {250, 1200}), 0.75);
  EXPECT_EQ(CpuShare({100, 1000}, {100, 1000}), 0) << "no time has passed";
  EXPECT_EQ(CpuShare({100, 1000}, {90, 1200}), 0) << "the kernel's count went back";
}

TEST(MachineUse, WhatIsNoSuchTextTellsNothing) {
  for (const char* text :
       {"", "cpu0 1 2 3 4 5 6 7 8\n", "cpu  1 2 3\n", "cpu  1 2 x 4 5 6 7 8\n"}) {
    EXPECT_FALSE(ParseCpuTimes(text)) << text;
  }
  EXPECT_FALSE(ParseMemory(""));
  EXPECT_FALSE(ParseMemory("MemTotal: 100 kB\nMemFree: 5 kB\n")) << "a kernel before 3.14";
}

constexpr char kMeminfo[] =
    "MemTotal:       24731708 kB\n"
    "MemFree:        18865836 kB\n"
    "MemAvailable:   23038284 kB\n"
    "Buffers:           83040 kB\n"
    "Cached:          4179376 kB\n";

TEST(MachineUse, MemoryThatCanBeHadIsNotUsed) {
  const auto memory = ParseMemory(kMeminfo);
  ASSERT_TRUE(memory);
  EXPECT_EQ(memory->total_bytes, 24731708LL * 1024);
  EXPECT_EQ(memory->used_bytes, (24731708LL - 23038284LL) * 1024);
}

class MemoryOfAGroup : public testing::Test {
 protected:
  MemoryOfAGroup() { Write("proc/meminfo", kMeminfo); }
  void Write(const std::string& path, const std::string& text) {
    std::filesystem::create_directories((root_ / path).parent_path());
    WriteFile(root_ / path, text);
  }
  MemoryUse Memory() { return MemoryAround(files_, root_.path()).value(); }

  TempDir root_;
  PosixFileSystem files_;
};

TEST_F(MemoryOfAGroup, TheTightestLimitOnTheWayUpIsTaken) {
  Write("proc/self/cgroup", "4:memory:/old\n0::/slice/unit/inner\n");
  Write("sys/fs/cgroup/slice/unit/inner/memory.max", "max\n");
  Write("sys/fs/cgroup/slice/unit/inner/memory.current", "5\n");
  Write("sys/fs/cgroup/slice/unit/memory.max", std::to_string(2 * kGibibyte) + "\n");
  Write("sys/fs/cgroup/slice/unit/memory.current", std::to_string(kGibibyte) + "\n");
  Write("sys/fs/cgroup/slice/unit/memory.stat", "anon 7\ninactive_file 1000\nactive_file 3\n");
  Write("sys/fs/cgroup/slice/memory.max", std::to_string(4 * kGibibyte) + "\n");
  Write("sys/fs/cgroup/slice/memory.current", std::to_string(3 * kGibibyte) + "\n");
  EXPECT_EQ(Memory().total_bytes, 2 * kGibibyte);
  EXPECT_EQ(Memory().used_bytes, kGibibyte - 1000);
}

TEST_F(MemoryOfAGroup, ALimitBeyondTheMachineOrNoneIsTheMachines) {
  Write("proc/self/cgroup", "0::/\n");
  EXPECT_EQ(Memory().total_bytes, 24731708LL * 1024);
  Write("sys/fs/cgroup/memory.max", std::to_string(64 * kGibibyte) + "\n");
  Write("sys/fs/cgroup/memory.current", "1\n");
  EXPECT_EQ(Memory().total_bytes, 24731708LL * 1024);
}

TEST_F(MemoryOfAGroup, InAContainerItsOwnGroupIsTheRoot) {
  Write("proc/self/cgroup", "0::/\n");
  Write("sys/fs/cgroup/memory.max", std::to_string(kGibibyte) + "\n");
  Write("sys/fs/cgroup/memory.current", "4096\n");
  EXPECT_EQ(Memory().total_bytes, kGibibyte);
  EXPECT_EQ(Memory().used_bytes, 4096);
}

constexpr char kTwoGpus[] =
    "0, GPU-6a0c1f2e-91d4-3c5b-8f0e-0d3c6a7b1e22, 87, 41234, 81559, NVIDIA H100 80GB HBM3\n"
    "1, GPU-b5d7e9f0-1122-4c33-9a44-5566778899aa, 0, 4, 81559, NVIDIA H100 80GB HBM3\n";

TEST(GpuUse, FiguresAreReadFromTheTool) {
  const auto gpus = ParseGpuFigures(kTwoGpus);
  ASSERT_EQ(gpus.size(), 2U);
  EXPECT_EQ(gpus[0].index, 0);
  EXPECT_EQ(gpus[0].uuid, "GPU-6a0c1f2e-91d4-3c5b-8f0e-0d3c6a7b1e22");
  EXPECT_DOUBLE_EQ(gpus[0].share, 0.87);
  EXPECT_EQ(gpus[0].used_bytes, 41234LL << 20);
  EXPECT_EQ(gpus[0].total_bytes, 81559LL << 20);
  EXPECT_EQ(gpus[1].model, "NVIDIA H100 80GB HBM3");
}

TEST(GpuUse, WhatAGpuDoesNotTellIsZero) {
  const auto gpus = ParseGpuFigures(
      "0, GPU-6a0c1f2e, [N/A], [N/A], [N/A], NVIDIA GB10\n"
      "1, GPU-b5d7e9f0, [Unknown Error], 0, 24576, NVIDIA A10\n");
  ASSERT_EQ(gpus.size(), 2U);
  EXPECT_EQ(gpus[0].share, 0);
  EXPECT_EQ(gpus[0].total_bytes, 0);
  EXPECT_EQ(gpus[1].total_bytes, 24576LL << 20);
}

TEST(GpuUse, AComplaintIsNoGpu) {
  EXPECT_THAT(ParseGpuFigures("NVIDIA-SMI has failed because it couldn't communicate with the "
                              "NVIDIA driver. Make sure that the latest NVIDIA driver is "
                              "installed and running.\n\n"),
              IsEmpty());
  EXPECT_THAT(ParseGpuFigures("No devices were found\n"), IsEmpty());
  EXPECT_THAT(ParseGpuProcesses("No running processes found\n"), IsEmpty());
}

TEST(GpuUse, ProcessesAreReadWithCommasInTheirNames) {
  const auto processes = ParseGpuProcesses(
      "GPU-6a0c1f2e, 41877, 1234, /opt/tutti/bin/tutti-train\n"
      "GPU-6a0c1f2e, 99, [N/A], python3 a,b\n");
  ASSERT_EQ(processes.size(), 2U);
  EXPECT_EQ(processes[0].pid, 41877);
  EXPECT_EQ(processes[0].used_bytes, 1234LL << 20);
  EXPECT_EQ(processes[1].used_bytes, 0);
  EXPECT_EQ(processes[1].name, "python3 a,b");
}

TEST(GpuUse, NamesAreCudasOwn) {
  const auto gpus = ParseGpuFigures(kTwoGpus);
  const auto& first = gpus[0].uuid;
  const auto& second = gpus[1].uuid;
  EXPECT_THAT(CudaNames(gpus, std::nullopt),
              ElementsAre(Pair(first, "cuda:0"), Pair(second, "cuda:1")));
  EXPECT_THAT(CudaNames(gpus, "1,0"), ElementsAre(Pair(first, "cuda:1"), Pair(second, "cuda:0")));
  EXPECT_THAT(CudaNames(gpus, "GPU-b5d7"), ElementsAre(Pair(second, "cuda:0")));
  EXPECT_THAT(CudaNames(gpus, "1,7,0"), ElementsAre(Pair(second, "cuda:0")))
      << "CUDA stops at what it does not know";
  EXPECT_THAT(CudaNames(gpus, "-1"), IsEmpty());
}

TEST(GpuUse, OneThatCudaDoesNotSeeIsNotTold) {
  const auto gpus = ParseGpuFigures(kTwoGpus);
  const v1::MachineUse use =
      ToMachineUse(0.25, MemoryUse{1, 2}, gpus, CudaNames(gpus, std::string("1")));
  EXPECT_DOUBLE_EQ(use.cpu_share(), 0.25);
  EXPECT_EQ(use.memory_total_bytes(), 2);
  ASSERT_EQ(use.gpus_size(), 1);
  EXPECT_EQ(use.gpus(0).device(), "cuda:0");
  EXPECT_EQ(use.gpus(0).memory_used_bytes(), 4LL << 20);
}

}  // namespace
}  // namespace tutti
