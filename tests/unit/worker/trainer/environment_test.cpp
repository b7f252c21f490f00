#include "worker/trainer/environment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "worker/trainer/device.h"

namespace tutti {
namespace {

TEST(Environment, SaysAllThatEqualityOfResultsDependsOn) {
  TrainJob job;
  job.threads = 2;
  const Json environment = EnvironmentOf(job);
  const auto text = [&](const char* key) { return environment.at(key).get<std::string>(); };
  EXPECT_THAT(text("libtorch"), testing::MatchesRegex("[0-9]+\\.[0-9]+\\.[0-9a-z]+\\+c[a-z0-9]+"));
  EXPECT_THAT(text("mkl"), testing::AnyOf("yes", "no"));
  EXPECT_THAT(text("instructions"), testing::Not(""));
  EXPECT_THAT(text("processor"), testing::Not(""));
  EXPECT_EQ(text("device"), "cpu");
  EXPECT_EQ(text("threads"), "2");
  EXPECT_EQ(text("precision"), "float32");
}

TEST(Environment, ABuildForAGpuIsToldFromOneForTheProcessor) {
  const std::string settings =
      "PyTorch built with:\n  - Build settings: BLAS_INFO=mkl, BUILD_TYPE=Release, ";
  EXPECT_EQ(LibTorchBuild(settings + "TORCH_VERSION=2.12.1, USE_CUDA=0, \n"), "2.12.1+cpu");
  EXPECT_EQ(LibTorchBuild(settings + "CUDA_VERSION=12.8, TORCH_VERSION=2.12.1, USE_CUDA=ON, \n"),
            "2.12.1+cu128");
}

// Runs that two GPUs of a kind did are runs on the same.
TEST(Environment, AGpuIsCalledByItsModelAndNotByItsNumber) {
  for (const char* gpu : {"cuda", "cuda:0", "cuda:1"}) {
    EXPECT_THAT(DeviceModel(gpu), testing::Not(testing::HasSubstr("cuda"))) << gpu;
  }
  EXPECT_EQ(DeviceModel("cuda:1000000"), DeviceModel("cuda:1000001")) << "no such ones";
  EXPECT_EQ(DeviceModel("cpu"), "cpu");
}

}  // namespace
}  // namespace tutti
