#include "worker/models/rnn.h"

namespace tutti {
namespace {

constexpr std::int64_t kHidden = 64;
constexpr double kDropout = 0.2;

class Rnn final : public Model {
 public:
  explicit Rnn(const ModelShape& shape) {
    using torch::nn::LSTM;
    using torch::nn::LSTMOptions;
    lstm1_ = register_module("lstm1", LSTM(LSTMOptions(shape.n_mels, kHidden).batch_first(true)));
    lstm2_ = register_module("lstm2", LSTM(LSTMOptions(kHidden, kHidden).batch_first(true)));
    fc_ = register_module("fc", torch::nn::Linear(kHidden, shape.classes));
  }

  torch::Tensor Forward(const torch::Tensor& slices) override {
    // A transposed view would make every step of the LSTM gather its input anew.
    torch::Tensor x = slices.transpose(1, 2).contiguous();
    x = std::get<0>(lstm1_->forward(x));
    x = std::get<0>(lstm2_->forward(x));
    return fc_->forward(Drop(x.select(1, -1), kDropout));
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
