#include "worker/models/crnn2d.h"

#include <array>
#include <string>
#include <vector>

#include "worker/models/batch_norm.h"

namespace tutti {
namespace {

constexpr std::int64_t kHidden = 32;
constexpr double kChannelDropout = 0.1;
constexpr double kLastDropout = 0.3;

struct Block {
  std::int64_t channels;
  std::int64_t mel_pool;
};
constexpr std::array<Block, 4> kBlocks{{{64, 2}, {128, 4}, {128, 4}, {128, 4}}};
constexpr std::int64_t kTimePool = 2;

class Crnn2d final : public Model {
 public:
  explicit Crnn2d(const ModelShape& shape) {
    using torch::nn::BatchNorm2d;
    using torch::nn::Conv2d;
    using torch::nn::Conv2dOptions;
    bn0_ = register_module("bn0", BatchNorm2d(1));
    std::int64_t from = 1;
    std::int64_t mels = shape.n_mels;
    for (std::size_t i = 0; i < kBlocks.size(); ++i) {
      const std::string number = std::to_string(i + 1);
      const std::int64_t to = kBlocks[i].channels;
      convs_.push_back(
          register_module("conv" + number, Conv2d(Conv2dOptions(from, to, 3).padding(1))));
      norms_.push_back(register_module("bn" + number, BatchNorm2d(to)));
      from = to;
      mels /= kBlocks[i].mel_pool;
    }
    gru_ = register_module(
        "gru",
        torch::nn::GRU(
            torch::nn::GRUOptions(from * mels, kHidden).batch_first(true).bidirectional(true)));
    fc_ = register_module("fc", torch::nn::Linear(2 * kHidden, shape.classes));
  }

  torch::Tensor Forward(const torch::Tensor& slices) override {
    torch::Tensor x = bn0_->forward(slices.unsqueeze(1));
    for (std::size_t i = 0; i < kBlocks.size(); ++i) {
      x = NormEluAndMaxPool(norms_[i], convs_[i]->forward(x), kBlocks[i].mel_pool, kTimePool);
      x = DropChannels(x, kChannelDropout);
    }
    // [batch, channels, mels, time] → [batch, time, channels × mels]
    x = x.permute({0, 3, 1, 2}).flatten(2).contiguous();
    x = std::get<0>(gru_->forward(x));
    return fc_->forward(Drop(x.select(1, -1), kLastDropout));
  }

 private:
  torch::nn::BatchNorm2d bn0_{nullptr};
  std::vector<torch::nn::Conv2d> convs_;
  std::vector<torch::nn::BatchNorm2d> norms_;
  torch::nn::GRU gru_{nullptr};
  torch::nn::Linear fc_{nullptr};
};

}  // namespace

std::shared_ptr<Model> MakeCrnn2d(const ModelShape& shape) {
  return std::make_shared<Crnn2d>(shape);
}

}  // namespace tutti
