// What the trainer knows of a model: slices in, class scores out.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <torch/torch.h>

#include "worker/models/dropout.h"

namespace tutti {

struct ModelShape {
  std::int64_t n_mels = 128;
  std::int64_t frames = 0;  // of one slice
  std::int64_t classes = 0;
};

// Every layer is made in the constructor, in the order in which a PyTorch module of the same layers
// would make them, so that the same seed gives the same initial weights and every parameter is
// known before an optimiser is built. Names of parameters are a contract: a checkpoint's tensors
// have them.
class Model : public torch::nn::Module {
 public:
  // slices: [batch, n_mels, frames] of dtype(), contiguous. Returns logits [batch, classes].
  virtual torch::Tensor Forward(const torch::Tensor& slices) = 0;

  // Of its weights, and of the slices that Forward takes.
  torch::Dtype dtype() const { return parameters().front().scalar_type(); }
  // Weights and running statistics; BatchNorm's count of batches stays a whole number, as in
  // Python: Module::to would convert it too.
  void SetDtype(torch::Dtype type) {
    const auto convert = [type](const std::vector<torch::Tensor>& tensors) {
      for (const torch::Tensor& tensor : tensors) {
        if (tensor.is_floating_point()) tensor.set_data(tensor.to(type));
      }
    };
    convert(parameters());
    convert(buffers());
  }

  // Without a stream nothing is dropped; a model in evaluation mode draws nothing.
  void UseDropout(std::shared_ptr<DropoutStream> stream) { dropout_ = std::move(stream); }

 protected:
  torch::Tensor Drop(const torch::Tensor& x, double p) {
    return is_training() && dropout_ ? Dropout(x, p, *dropout_) : x;
  }
  torch::Tensor DropChannels(const torch::Tensor& x, double p) {
    return is_training() && dropout_ ? DropoutChannels(x, p, *dropout_) : x;
  }

 private:
  std::shared_ptr<DropoutStream> dropout_;
};

}  // namespace tutti
