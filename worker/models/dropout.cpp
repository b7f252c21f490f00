#include "worker/models/dropout.h"

#include <vector>

#include "worker/models/philox.h"

namespace tutti {

torch::Tensor DropoutStream::Mask(torch::IntArrayRef shape, double p) {
  torch::Tensor mask = torch::empty(shape, torch::kFloat32);
  auto* values = mask.data_ptr<float>();
  const std::int64_t n = mask.numel();
  const auto kept = static_cast<float>(1.0 / (1.0 - p));
  // A word below the threshold is dropped: p of all 2^32 of them.
  const auto threshold = static_cast<std::uint64_t>(p * 4294967296.0);
  for (std::int64_t i = 0; i < n; i += 4) {
    const PhiloxBlock block = Philox(seed_, drawn_, static_cast<std::uint64_t>(i / 4));
    for (std::int64_t j = i; j < std::min(n, i + 4); ++j) {
      values[j] = block[static_cast<std::size_t>(j - i)] < threshold ? 0.0F : kept;
    }
  }
  ++drawn_;
  return mask;
}

torch::Tensor Dropout(const torch::Tensor& x, double p, DropoutStream& stream) {
  return x * stream.Mask(x.sizes(), p).to(x.options());
}

torch::Tensor DropoutChannels(const torch::Tensor& x, double p, DropoutStream& stream) {
  std::vector<std::int64_t> shape(static_cast<std::size_t>(x.dim()), 1);
  shape[0] = x.size(0);
  shape[1] = x.size(1);
  return x * stream.Mask(shape, p).to(x.options());
}

}  // namespace tutti
