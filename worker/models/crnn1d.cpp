#include "worker/models/crnn1d.h"

#include "worker/models/max_pool.h"
#include "worker/models/recurrent.h"

namespace tutti {
namespace {

constexpr std::int64_t kHidden = 64;
constexpr double kDropout = 0.2;

torch::nn::Conv1d MakeConv(std::int64_t from, std::int64_t to) {
  return torch::nn::Conv1d(torch::nn::Conv1dOptions(from, to, 5).padding(2));
}

class Crnn1d final : public Model {
 public:
  explicit Crnn1d(const ModelShape& shape) {
    using torch::nn::GRU;
    using torch::nn::GRUOptions;
    conv1_ = register_module("conv1", MakeConv(shape.n_mels, 64));
    conv2_ = register_module("conv2", MakeConv(64, 128));
    conv3_ = register_module("conv3", MakeConv(128, 128));
    gru1_ = register_module("gru1", GRU(GRUOptions(128, kHidden)));
    gru2_ = register_module("gru2", GRU(GRUOptions(kHidden, kHidden)));
    fc_ = register_module("fc", torch::nn::Linear(kHidden, shape.classes));
  }

  torch::Tensor Forward(const torch::Tensor& slices) override {
    torch::Tensor x = Block(conv1_, slices);
    x = Block(conv2_, x);
    x = Block(conv3_, x);
    x = x.permute({2, 0, 1}).contiguous();  // [time, batch, channels]
    x = RunGru(gru1_, x);
    x = RunGru(gru2_, x);
    return fc_->forward(Drop(x.select(0, -1), kDropout));
  }

 private:
  torch::Tensor Block(torch::nn::Conv1d& conv, const torch::Tensor& x) {
    return Drop(MaxPool1d(torch::relu(conv->forward(x)), 2), kDropout);
  }

  torch::nn::Conv1d conv1_{nullptr};
  torch::nn::Conv1d conv2_{nullptr};
  torch::nn::Conv1d conv3_{nullptr};
  torch::nn::GRU gru1_{nullptr};
  torch::nn::GRU gru2_{nullptr};
  torch::nn::Linear fc_{nullptr};
};

}  // namespace

std::shared_ptr<Model> MakeCrnn1d(const ModelShape& shape) {
  return std::make_shared<Crnn1d>(shape);
}

}  // namespace tutti
