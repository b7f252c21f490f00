#include "worker/models/cnn.h"

#include <array>
#include <string>
#include <vector>

#include "worker/models/batch_norm.h"

namespace tutti {
namespace {

constexpr double kDropout = 0.3;
constexpr std::array<std::int64_t, 3> kChannels{32, 64, 128};
constexpr std::int64_t kFirstLinear = 512;
constexpr std::int64_t kSecondLinear = 256;

class Cnn final : public Model {
 public:
  explicit Cnn(const ModelShape& shape) {
    std::int64_t from = 1;
    for (std::size_t block = 0; block < kChannels.size(); ++block) {
      AddConv(block, 1, from, kChannels[block]);
      AddConv(block, 2, kChannels[block], kChannels[block]);
      from = kChannels[block];
    }
    // Three pools by two in both directions.
    const std::int64_t flat = from * (shape.n_mels / 8) * (shape.frames / 8);
    fc1_ = register_module("fc1", torch::nn::Linear(flat, kFirstLinear));
    bn_fc1_ = register_module("bn_fc1", torch::nn::BatchNorm1d(kFirstLinear));
    fc2_ = register_module("fc2", torch::nn::Linear(kFirstLinear, kSecondLinear));
    bn_fc2_ = register_module("bn_fc2", torch::nn::BatchNorm1d(kSecondLinear));
    fc3_ = register_module("fc3", torch::nn::Linear(kSecondLinear, shape.classes));
  }

  torch::Tensor Forward(const torch::Tensor& slices) override {
    torch::Tensor x = slices.unsqueeze(1);
    for (std::size_t block = 0; block < kChannels.size(); ++block) {
      const std::size_t first = 2 * block;
      x = NormAndRelu(norms_[first], convs_[first]->forward(x));
      x = NormAndMaxPool(norms_[first + 1], convs_[first + 1]->forward(x), 2, 2);
      // The study's ReLU comes before the pool: the largest is the same, of fewer values.
      x = DropChannels(torch::relu(x), kDropout);
    }
    x = x.flatten(1);
    x = Drop(torch::relu(bn_fc1_->forward(fc1_->forward(x))), kDropout);
    x = Drop(torch::relu(bn_fc2_->forward(fc2_->forward(x))), kDropout);
    return fc3_->forward(x);
  }

 private:
  void AddConv(std::size_t block, int number, std::int64_t from, std::int64_t to) {
    using torch::nn::BatchNorm2d;
    using torch::nn::Conv2d;
    using torch::nn::Conv2dOptions;
    const std::string suffix = std::to_string(block + 1) + "_" + std::to_string(number);
    convs_.push_back(
        register_module("conv" + suffix, Conv2d(Conv2dOptions(from, to, 3).padding(1))));
    norms_.push_back(register_module("bn" + suffix, BatchNorm2d(to)));
  }

  std::vector<torch::nn::Conv2d> convs_;
  std::vector<torch::nn::BatchNorm2d> norms_;
  torch::nn::Linear fc1_{nullptr};
  torch::nn::BatchNorm1d bn_fc1_{nullptr};
  torch::nn::Linear fc2_{nullptr};
  torch::nn::BatchNorm1d bn_fc2_{nullptr};
  torch::nn::Linear fc3_{nullptr};
};

}  // namespace

std::shared_ptr<Model> MakeCnn(const ModelShape& shape) {
  return std::make_shared<Cnn>(shape);
}

}  // namespace tutti
