#include "worker/models/recurrent.h"

#include <gtest/gtest.h>

namespace tutti {
namespace {

struct Case {
  std::int64_t time;
  std::int64_t batch;
  std::int64_t features;
  std::int64_t hidden;
};

// Steps of one, rows and columns that fill no vector register, and the models' own sizes.
const std::vector<Case> kCases{{1, 1, 3, 1}, {4, 5, 7, 6}, {3, 2, 4, 33}, {43, 16, 128, 64}};

// Every gradient of a loss in which each step counts differently.
std::vector<torch::Tensor> Gradients(const torch::Tensor& states, const torch::Tensor& input,
                                     const std::vector<torch::Tensor>& parameters) {
  const torch::Tensor weights =
      torch::linspace(-1, 1, states.numel(), states.options()).view(states.sizes());
  std::vector<torch::Tensor> of{input};
  of.insert(of.end(), parameters.begin(), parameters.end());
  return torch::autograd::grad({(states * weights).sum()}, of, {}, /*retain_graph=*/std::nullopt,
                               /*create_graph=*/false, /*allow_unused=*/false);
}

template <class Layer, class Run>
void ExpectAsLibTorch(const Run& run, torch::Dtype type, double tolerance) {
  for (const Case& one : kCases) {
    for (const int threads : {1, 2}) {
      torch::set_num_threads(threads);
      torch::manual_seed(3);
      Layer layer(one.features, one.hidden);
      layer->to(type);
      const torch::Tensor input =
          torch::randn({one.time, one.batch, one.features}, type).requires_grad_();
      const torch::Tensor expected = std::get<0>(layer->forward(input));
      const torch::Tensor states = run(layer, input);
      const std::string what = "time " + std::to_string(one.time) + ", batch " +
                               std::to_string(one.batch) + ", hidden " + std::to_string(one.hidden);
      EXPECT_TRUE(states.allclose(expected, tolerance, tolerance)) << what;
      const auto wanted = Gradients(expected, input, layer->parameters());
      const auto got = Gradients(states, input, layer->parameters());
      for (std::size_t i = 0; i < wanted.size(); ++i) {
        const double largest = wanted[i].abs().max().template item<double>();
        EXPECT_LE((got[i] - wanted[i]).abs().max().template item<double>(), tolerance * largest)
            << what << ": gradient " << i;
      }
    }
  }
}

TEST(Recurrent, LstmIsLibTorchs) {
  ExpectAsLibTorch<torch::nn::LSTM>(RunLstm, torch::kFloat64, 1e-12);
  ExpectAsLibTorch<torch::nn::LSTM>(RunLstm, torch::kFloat32, 1e-5);
}

TEST(Recurrent, GruIsLibTorchs) {
  ExpectAsLibTorch<torch::nn::GRU>(RunGru, torch::kFloat64, 1e-12);
  ExpectAsLibTorch<torch::nn::GRU>(RunGru, torch::kFloat32, 1e-5);
}

TEST(Recurrent, SaturatedGatesStayFinite) {
  torch::nn::GRU layer(2, 3);
  const torch::Tensor input = torch::full({5, 2, 2}, 1e6F).requires_grad_();
  const torch::Tensor states = RunGru(layer, input);
  EXPECT_TRUE(states.isfinite().all().item<bool>());
  for (const torch::Tensor& gradient : Gradients(states, input, layer->parameters())) {
    EXPECT_TRUE(gradient.isfinite().all().item<bool>());
  }
}

TEST(Recurrent, ParametersThatDoNotTrainGetNoGradient) {
  torch::nn::LSTM layer(2, 3);
  for (torch::Tensor& parameter : layer->parameters()) parameter.set_requires_grad(false);
  const torch::Tensor input = torch::randn({4, 2, 2}).requires_grad_();
  RunLstm(layer, input).sum().backward();
  EXPECT_TRUE(input.grad().defined());
  for (const torch::Tensor& parameter : layer->parameters()) {
    EXPECT_FALSE(parameter.grad().defined());
  }
}

}  // namespace
}  // namespace tutti
