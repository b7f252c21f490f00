// LSTM and GRU layers as the models use them: one layer, one direction, from a zero state. On the
// CPU the steps in time run as one loop for each thread's rows of the batch, and whatever does not
// wait for an earlier step is one matrix product over all steps; elsewhere LibTorch's own layers
// run.
#pragma once

#include <torch/torch.h>

namespace tutti {

// input: [time, batch, features], contiguous, float32 or float64. Returns every step's state,
// [time, batch, hidden]. Differentiable once. The layer: made with batch_first(false), one layer,
// one direction, biases.
torch::Tensor RunLstm(torch::nn::LSTM& layer, const torch::Tensor& input);
torch::Tensor RunGru(torch::nn::GRU& layer, const torch::Tensor& input);

}  // namespace tutti
