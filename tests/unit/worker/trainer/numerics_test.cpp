#include "worker/trainer/numerics.h"

#include <limits>

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include "tests/support/result_matchers.h"

namespace tutti {
namespace {

TEST(Numerics, ReducedPrecisionIsRefusedOnTheCpuWithTheRemedy) {
  TrainJob job;
  for (const Precision precision : {Precision::kTf32, Precision::kBf16}) {
    job.precision = precision;
    EXPECT_TRUE(FailsWith(ApplyNumerics(job, torch::kCPU), ErrorCode::kInvalidArgument,
                          std::string(PrecisionName(precision)) + " needs a GPU"));
  }
}

// A warm runner's jobs differ: none inherits the switches of the one before.
TEST(Numerics, EachJobSetsEverySwitch) {
  TrainJob job;
  job.deterministic = true;
  ASSERT_TRUE(IsOk(ApplyNumerics(job, torch::kCPU)));
  EXPECT_TRUE(at::globalContext().deterministicAlgorithms());
  EXPECT_FALSE(at::globalContext().benchmarkCuDNN());
  job.deterministic = false;
  at::globalContext().setAllowTF32CuDNN(true);
  ASSERT_TRUE(IsOk(ApplyNumerics(job, torch::kCPU)));
  EXPECT_FALSE(at::globalContext().deterministicAlgorithms());
  EXPECT_FALSE(at::globalContext().allowTF32CuDNN());
}

TEST(Numerics, VanishingNumbersAreZeroOnEveryThread) {
  constexpr int kThreads = 2;
  torch::set_num_threads(kThreads);
  ASSERT_TRUE(IsOk(ApplyNumerics(TrainJob(), torch::kCPU)));
  volatile float small = std::numeric_limits<float>::min();
  float halves[kThreads] = {1, 1};
  at::parallel_for(0, kThreads, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) halves[i] = small * 0.5F;
  });
  EXPECT_EQ(halves[0], 0.0F);
  EXPECT_EQ(halves[1], 0.0F);
}

}  // namespace
}  // namespace tutti
