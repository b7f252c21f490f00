#include "worker/models/rnn.h"

#include "worker/models/recurrent.h"

namespace tutti {
namespace {

constexpr std::int64_t kHidden = 64;
constexpr double kDropout = 0.2;

class Rnn final : public Model {
 public:
  explicit Rnn(const ModelShape& shape) {
    using torch::nn::LSTM;
    using torch::nn::LSTMOptions;
    lstm1_ = register_module("lstm1", LSTM(shape.n_mels, kHidden));
    lstm2_ = register_module("lstm2", LSTM(LSTMOptions(kHidden, kHidden)));
    fc_ = register_module("fc", torch::nn::Linear(kHidden, shape.classes));
  }

  torch::Tensor Forward(const torch::Tensor& slices) override {
    torch::Tensor x = slices.permute({2, 0, 1}).contiguous();  // [time, batch, mels]
    x = RunLstm(lstm1_, x);
    x = RunLstm(lstm2_, x);
    return fc_->forward(Drop(x.select(0, -1), kDropout));
  }

 private:
  torch::nn::LSTM lstm1_{nullptr};
  torch::nn::LSTM lstm2_{nullptr};
  torch::nn::Linear fc_{nullptr};
};

}  // namespace

std::shared_ptr<Model> MakeRnn(const ModelShape& shape) {
  return std::make_shared<Rnn>(shape);
}

}  // namespace tutti
