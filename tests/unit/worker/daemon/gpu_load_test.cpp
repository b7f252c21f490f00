#include "worker/daemon/gpu_load.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tutti {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

constexpr pid_t kWorker = 100;
constexpr pid_t kRunner = 110;

class GpuLoads : public testing::Test {
 protected:
  GpuLoads() {
    sample_.gpus.resize(2);
    sample_.gpus[0].uuid = "GPU-a";
    sample_.gpus[0].total_bytes = 80;
    sample_.gpus[1].uuid = "GPU-b";
    sample_.gpus[1].total_bytes = 40;
    sample_.cuda_names = {{"GPU-a", "cuda:0"}, {"GPU-b", "cuda:1"}};
  }
  void Add(const std::string& uuid, pid_t pid, std::int64_t bytes, const std::string& name = "x") {
    sample_.gpu_processes.push_back({uuid, pid, bytes, name});
  }
  std::map<std::string, GpuLoad> Loads() {
    return LoadOfGpus(sample_, parents_, kWorker, {kRunner});
  }

  MachineSample sample_;
  // init, a shell with the worker, its runner with a child, a serving runner; somebody's program.
  std::map<pid_t, pid_t> parents_{{1, 0},         {50, 1},    {kWorker, 50}, {kRunner, kWorker},
                                  {111, kRunner}, {120, 100}, {200, 50}};
};

TEST_F(GpuLoads, ARunnersChildrenAreItsOwn) {
  Add("GPU-a", kRunner, 3);
  Add("GPU-a", 111, 4);
  const auto loads = Loads();
  EXPECT_EQ(loads.at("cuda:0").total_bytes, 80);
  EXPECT_FALSE(loads.at("cuda:0").strangers);
  EXPECT_THAT(loads.at("cuda:0").runners, ElementsAre(Pair(kRunner, 7)));
  EXPECT_THAT(loads.at("cuda:1").runners, IsEmpty());
}

TEST_F(GpuLoads, WhatElseTheWorkerHasStartedIsNoStranger) {
  Add("GPU-a", 120, 3);
  EXPECT_FALSE(Loads().at("cuda:0").strangers);
}

TEST_F(GpuLoads, SomebodysProgramIsOneOnItsGpuOnly) {
  Add("GPU-b", 200, 0);
  EXPECT_FALSE(Loads().at("cuda:0").strangers);
  EXPECT_TRUE(Loads().at("cuda:1").strangers) << "also where its memory is not told";
}

TEST_F(GpuLoads, AProcessThatThisMachineDoesNotTellOfIsNobodys) {
  Add("GPU-a", 4711, 3);
  EXPECT_FALSE(Loads().at("cuda:0").strangers);
}

TEST_F(GpuLoads, TheServerForSharedGpusIsNobodys) {
  Add("GPU-a", 200, 30, "/usr/bin/nvidia-cuda-mps-server");
  EXPECT_FALSE(Loads().at("cuda:0").strangers);
}

TEST_F(GpuLoads, ARingOfParentsEnds) {
  parents_[200] = 201;
  parents_[201] = 200;
  Add("GPU-a", 200, 1);
  EXPECT_TRUE(Loads().at("cuda:0").strangers);
}

v1::Lease LeaseOf(const std::string& config) {
  v1::Lease lease;
  lease.set_sweep("s");
  lease.set_config_json(config);
  return lease;
}

TEST(MemoryKeys, SeedsAndEpochsDoNotChangeTheNeedModelSliceBatchAndPrecisionDo) {
  const std::string base = MemoryKey(LeaseOf(
      R"({"model":"cnn","slice_seconds":3,"seed":1,"training":{"batch_size":16,"epochs":5}})"));
  EXPECT_EQ(base, MemoryKey(LeaseOf(R"({"model":"cnn","slice_seconds":3,"seed":2,)"
                                    R"("training":{"batch_size":16,"epochs":9}})")));
  for (const char* other :
       {R"({"model":"rnn","slice_seconds":3,"training":{"batch_size":16}})",
        R"({"model":"cnn","slice_seconds":5,"training":{"batch_size":16}})",
        R"({"model":"cnn","slice_seconds":3,"training":{"batch_size":32}})",
        R"({"model":"cnn","slice_seconds":3,"training":{"batch_size":16},"precision":"bf16"})"}) {
    EXPECT_NE(base, MemoryKey(LeaseOf(other))) << other;
  }
}

TEST(MemoryKeys, RunsOfOneSweepsProgramNeedTheSame) {
  v1::Lease first = LeaseOf(R"({"x":1})");
  first.mutable_command()->add_arguments("python3");
  v1::Lease second = first;
  second.set_config_json(R"({"x":2})");
  EXPECT_EQ(MemoryKey(first), MemoryKey(second));
  second.set_sweep("another");
  EXPECT_NE(MemoryKey(first), MemoryKey(second));
}

}  // namespace
}  // namespace tutti
