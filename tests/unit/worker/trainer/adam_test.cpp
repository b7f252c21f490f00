#include "worker/trainer/adam.h"

#include <array>

#include <gtest/gtest.h>

namespace tutti {
namespace {

using Four = std::array<float, 4>;

// Printed by torch.optim.Adam of PyTorch 2.13 (learning rate 0.01) after each of five gradients.
TEST(Adam, FollowsPyTorchsPythonOptimiserBitForBit) {
  constexpr std::array<Four, 5> kGradients{{{0.1F, -0.2F, 0.3F, 0.4F},
                                            {1.5F, 0.0F, -0.7F, 2e-4F},
                                            {-3.0F, 0.25F, 1e-6F, 0.9F},
                                            {0.02F, -0.01F, 5.0F, -0.3F},
                                            {0.6F, 0.7F, -0.8F, 0.9F}}};
  constexpr std::array<Four, 5> kExpected{
      {{0x1.fae148p-1F, -0x1.fd70a4p+0F, 0x1.f5c290p-2F, 0x1.7eb852p+1F},
       {0x1.f6d9b2p-1F, -0x1.fbb982p+0F, 0x1.fa100ep-2F, 0x1.7ddca2p+1F},
       {0x1.f8613ep-1F, -0x1.fc2ca0p+0F, 0x1.fd6382p-2F, 0x1.7cd868p+1F},
       {0x1.f99d6cp-1F, -0x1.fc7efap+0F, 0x1.f7ea5cp-2F, 0x1.7c4406p+1F},
       {0x1.fa2682p-1F, -0x1.fde110p+0F, 0x1.f43826p-2F, 0x1.7b6feep+1F}}};
  torch::Tensor parameter = torch::tensor({1.0F, -2.0F, 0.5F, 3.0F}).requires_grad_();
  AdamOptions options;
  options.learning_rate = 0.01;
  Adam adam({parameter}, options);
  for (std::size_t step = 0; step < kGradients.size(); ++step) {
    adam.ZeroGrad();
    parameter.mutable_grad() = torch::tensor(at::ArrayRef<float>(kGradients[step]));
    adam.Step();
    const torch::Tensor expected = torch::tensor(at::ArrayRef<float>(kExpected[step]));
    EXPECT_TRUE(parameter.detach().equal(expected)) << "step " << step + 1 << "\n" << parameter;
  }
}

TEST(Adam, FusedItIsTheSameButForTheLastDigitsAndCountsItsStepsOnTheDevice) {
  torch::manual_seed(5);
  const torch::Tensor start = torch::randn({40});
  torch::Tensor plain = start.clone().requires_grad_();
  torch::Tensor fused = start.clone().requires_grad_();
  torch::Tensor unused = torch::ones({2}).requires_grad_();
  Adam adam({plain}, {});
  AdamOptions options;
  options.fused = true;
  Adam fused_adam({unused, fused}, options);
  const auto step = [&] {
    const torch::Tensor gradient = torch::randn({40});
    plain.mutable_grad() = gradient.clone();
    fused.mutable_grad() = gradient.clone();
    adam.Step();
    fused_adam.Step();
  };
  for (int i = 0; i < 20; ++i) step();
  EXPECT_TRUE(fused.detach().allclose(plain.detach(), 1e-6, 1e-7));
  EXPECT_TRUE(unused.detach().equal(torch::ones({2})));
  EXPECT_EQ(fused_adam.step(), 20);
  Adam resumed({unused, fused}, options);
  resumed.Restore(fused_adam.step(), fused_adam.Moments());
  EXPECT_EQ(resumed.step(), 20);
  EXPECT_TRUE(resumed.Moments()[2].equal(fused_adam.Moments()[2]));
}

TEST(Adam, LeavesWhatHasNoGradientAlone) {
  torch::Tensor frozen = torch::ones({2});
  torch::Tensor unused = torch::ones({2}).requires_grad_();
  torch::Tensor used = torch::ones({2}).requires_grad_();
  Adam adam({frozen, unused, used}, {});
  adam.ZeroGrad();
  used.sum().backward();
  adam.Step();
  EXPECT_TRUE(frozen.equal(torch::ones({2})));
  EXPECT_TRUE(unused.detach().equal(torch::ones({2})));
  EXPECT_FALSE(used.detach().equal(torch::ones({2})));
}

}  // namespace
}  // namespace tutti
