#include "worker/trainer/adam.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "common/check.h"

namespace tutti {

Adam::Adam(std::vector<torch::Tensor> parameters, const AdamOptions& options) : options_(options) {
  for (torch::Tensor& parameter : parameters) {
    if (!parameter.requires_grad()) continue;
    State state{parameter, torch::zeros_like(parameter), torch::zeros_like(parameter), {}};
    if (options.fused) state.steps = torch::zeros({}, parameter.options().dtype(torch::kFloat32));
    states_.push_back(std::move(state));
  }
}

std::int64_t Adam::step() const {
  if (!options_.fused || states_.empty()) return step_;
  std::int64_t most = 0;  // one whose parameter never had a gradient stays behind
  for (const State& state : states_) {
    most = std::max(most, static_cast<std::int64_t>(state.steps.item<float>()));
  }
  return most;
}

std::vector<torch::Tensor> Adam::Moments() const {
  std::vector<torch::Tensor> moments;
  for (const State& state : states_) {
    moments.push_back(state.average);
    moments.push_back(state.square_average);
  }
  return moments;
}

void Adam::Restore(std::int64_t step, const std::vector<torch::Tensor>& moments) {
  TUTTI_CHECK(moments.size() == 2 * states_.size(), "moments of other parameters");
  const torch::NoGradGuard no_grad;
  step_ = step;
  for (std::size_t i = 0; i < states_.size(); ++i) {
    states_[i].average.copy_(moments[2 * i]);
    states_[i].square_average.copy_(moments[2 * i + 1]);
    if (options_.fused) states_[i].steps.fill_(static_cast<double>(step));
  }
}

void Adam::ZeroGrad() {
  for (State& state : states_) state.parameter.mutable_grad().reset();
}

void Adam::StepFused() {
  std::vector<torch::Tensor> parameters;
  std::vector<torch::Tensor> gradients;
  std::vector<torch::Tensor> averages;
  std::vector<torch::Tensor> squares;
  std::vector<torch::Tensor> steps;
  for (State& state : states_) {
    const torch::Tensor& gradient = state.parameter.grad();
    if (!gradient.defined()) continue;
    parameters.push_back(state.parameter);
    gradients.push_back(gradient);
    averages.push_back(state.average);
    squares.push_back(state.square_average);
    steps.push_back(state.steps);
  }
  if (parameters.empty()) return;
  at::_foreach_add_(steps, 1);
  at::_fused_adam_(parameters, gradients, averages, squares, /*max_exp_avg_sqs=*/{}, steps,
                   options_.learning_rate, options_.beta1, options_.beta2, /*weight_decay=*/0,
                   options_.epsilon, /*amsgrad=*/false, /*maximize=*/false);
}

void Adam::Step() {
  const torch::NoGradGuard no_grad;
  if (options_.fused) return StepFused();
  ++step_;
  const auto step = static_cast<double>(step_);
  const double correction1 = 1 - std::pow(options_.beta1, step);
  const double correction2 = 1 - std::pow(options_.beta2, step);
  const double step_size = options_.learning_rate / correction1;
  for (State& state : states_) {
    const torch::Tensor& gradient = state.parameter.grad();
    if (!gradient.defined()) continue;
    state.average.lerp_(gradient, 1 - options_.beta1);
    state.square_average.mul_(options_.beta2).addcmul_(gradient, gradient, 1 - options_.beta2);
    const torch::Tensor denominator =
        (state.square_average.sqrt() / std::sqrt(correction2)).add_(options_.epsilon);
    state.parameter.addcdiv_(state.average, denominator, -step_size);
  }
}

}  // namespace tutti
