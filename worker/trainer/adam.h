// Adam in the order of operations of PyTorch's Python optimiser: the C++ one differs from it by an
// ulp from step 2 on.
//
// Source: torch 2.13 torch/optim/adam.py, _single_tensor_adam with its defaults (Kingma and Ba
// 2015, no weight decay).
#pragma once

#include <cstdint>
#include <vector>

#include <torch/torch.h>

namespace tutti {

struct AdamOptions {
  double learning_rate = 0.001;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  // One kernel for all parameters (what Python's fused=True calls), and the count of steps on their
  // device, so that a step captured as a graph counts on. Its last digits differ from Python's
  // plain optimiser.
  bool fused = false;
};

// Owned by the training's thread.
class Adam {
 public:
  // Parameters without requires_grad are left as they are.
  Adam(std::vector<torch::Tensor> parameters, const AdamOptions& options);

  void ZeroGrad();
  // Parameters without a gradient are left as they are.
  void Step();

  // With the parameters' values, the whole state. Averages and squares of averages, in the order of
  // the parameters that train; the tensors are the optimiser's own.
  std::int64_t step() const;
  std::vector<torch::Tensor> Moments() const;
  // moments: as Moments() gave them for the same parameters; copied.
  void Restore(std::int64_t step, const std::vector<torch::Tensor>& moments);

 private:
  struct State {
    torch::Tensor parameter;
    torch::Tensor average;         // of the gradient
    torch::Tensor square_average;  // of its square
    torch::Tensor steps;           // fused: float32, on the device
  };

  void StepFused();

  AdamOptions options_;
  std::vector<State> states_;
  std::int64_t step_ = 0;
};

}  // namespace tutti
