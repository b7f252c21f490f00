// Batch normalisation with what the models put behind it, in one pass over each channel while it is
// in the cache: LibTorch's own goes through memory five times forward and back, and adds up in
// doubles one after another. What comes out is LibTorch's to the bit (tests/bench/README.md); where
// that is not known to hold, on another device, for another type, without gradients, its own
// operations run. Images are [batch, channels, height, width]; norm's weights and running sums are
// used and updated as by norm->forward(), these sums but for a rounding on some processors.
#pragma once

#include <torch/torch.h>

namespace tutti {

// torch::relu(norm->forward(x))
torch::Tensor NormAndRelu(torch::nn::BatchNorm2d& norm, const torch::Tensor& x);
// MaxPool2d(norm->forward(x), rows, columns)
torch::Tensor NormAndMaxPool(torch::nn::BatchNorm2d& norm, const torch::Tensor& x,
                             std::int64_t rows, std::int64_t columns);
// MaxPool2d(torch::elu(norm->forward(x)), rows, columns), the ELU of what the pool leaves only.
torch::Tensor NormEluAndMaxPool(torch::nn::BatchNorm2d& norm, const torch::Tensor& x,
                                std::int64_t rows, std::int64_t columns);

// Whether the pass of our own runs on this processor: asks LibTorch's kernels once, by an example.
bool NormsAreOurs();

}  // namespace tutti
