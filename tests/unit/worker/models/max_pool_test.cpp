#include "worker/models/max_pool.h"

#include <limits>

#include <gtest/gtest.h>

namespace tutti {
namespace {

struct Case {
  std::int64_t height;
  std::int64_t width;
  std::int64_t rows;
};

// Windows that leave a rest on both sides, one window in all, and the models' own sizes.
const std::vector<Case> kCases{{2, 2, 2},  {5, 7, 2},    {9, 3, 4},
                               {1, 21, 1}, {128, 43, 2}, {64, 21, 4}};

// Few different values, so that many windows have their largest more than once.
torch::Tensor Image(const Case& one, torch::Dtype type) {
  return torch::randint(-3, 4, {2, 3, one.height, one.width}, type);
}

void ExpectAsLibTorch(const torch::Tensor& image, std::int64_t rows) {
  const torch::Tensor x = image.clone().requires_grad_();
  const torch::Tensor expected = torch::max_pool2d(x, {rows, 2});
  const torch::Tensor got = MaxPool2d(x, rows, 2);
  EXPECT_TRUE(torch::equal(torch::nan_to_num(got, 77), torch::nan_to_num(expected, 77)));
  const torch::Tensor grads = torch::randn(expected.sizes(), image.options());
  const auto wanted = torch::autograd::grad({expected}, {x}, {grads})[0];
  EXPECT_TRUE(torch::autograd::grad({got}, {x}, {grads})[0].equal(wanted));
}

TEST(MaxPool, ValuesAndGradientsAreLibTorchsToTheBit) {
  torch::manual_seed(3);
  for (const Case& one : kCases) {
    for (const auto type : {torch::kFloat32, torch::kFloat64}) {
      for (const int threads : {1, 2}) {
        SCOPED_TRACE(std::to_string(one.height) + " x " + std::to_string(one.width) + " by " +
                     std::to_string(one.rows) + ", " + std::to_string(threads) + " threads");
        torch::set_num_threads(threads);
        ExpectAsLibTorch(Image(one, type), one.rows);
      }
    }
  }
  torch::set_num_threads(1);
}

TEST(MaxPool, NaNAndInfinityGoTheSameWay) {
  torch::manual_seed(3);
  torch::Tensor image = Image({8, 10, 2}, torch::kFloat32);
  image.masked_fill_(torch::rand(image.sizes()) < 0.2, std::numeric_limits<float>::quiet_NaN());
  image.masked_fill_(torch::rand(image.sizes()) < 0.2, -std::numeric_limits<float>::infinity());
  ExpectAsLibTorch(image, 2);
  ExpectAsLibTorch(torch::full({1, 1, 4, 4}, -std::numeric_limits<float>::infinity()), 4);
}

TEST(MaxPool, AnotherLayoutGivesTheSameValues) {
  const torch::Tensor image = Image({8, 10, 2}, torch::kFloat32);
  const torch::Tensor turned = image.contiguous(torch::MemoryFormat::ChannelsLast);
  EXPECT_TRUE(MaxPool2d(turned, 2, 2).equal(torch::max_pool2d(image, 2)));
  EXPECT_TRUE(
      MaxPool2d(image.transpose(2, 3), 2, 2).equal(torch::max_pool2d(image, 2).transpose(2, 3)));
}

TEST(MaxPool, InOneDimensionToo) {
  const torch::Tensor x = torch::randn({3, 4, 9});
  EXPECT_TRUE(MaxPool1d(x, 2).equal(torch::max_pool1d(x, 2)));
}

}  // namespace
}  // namespace tutti
