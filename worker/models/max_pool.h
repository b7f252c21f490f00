// Max pooling as the models use it: windows that touch. On the CPU the values of a row of windows
// are compared together; LibTorch's own goes from window to window, which took a fifth of a step of
// crnn2d (tests/bench/README.md). What comes out is LibTorch's to the bit.
#pragma once

#include <torch/torch.h>

namespace tutti {

// torch::max_pool2d(x, {rows, columns}) of x [batch, channels, height, width].
torch::Tensor MaxPool2d(const torch::Tensor& x, std::int64_t rows, std::int64_t columns);
// torch::max_pool1d(x, columns) of x [batch, channels, width].
torch::Tensor MaxPool1d(const torch::Tensor& x, std::int64_t columns);

}  // namespace tutti
