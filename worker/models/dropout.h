// Dropout whose masks depend on seed and step alone: torch's own come from MKL on some processors
// and not on others.
#pragma once

#include <cstdint>
#include <memory>

#include <torch/torch.h>

namespace tutti {

// Where the masks of one training come from. Owned by the training's thread.
class DropoutStream {
 public:
  explicit DropoutStream(std::uint64_t seed) : seed_(seed) {}

  // 1 / (1 - p) with probability 1 - p, else 0; float32 on the CPU. Each call draws new numbers. 0
  // <= p < 1.
  torch::Tensor Mask(torch::IntArrayRef shape, double p);

  // How many masks were drawn: with the seed, the whole state.
  std::uint64_t drawn() const { return drawn_; }
  void SkipTo(std::uint64_t drawn) { drawn_ = drawn; }

 private:
  std::uint64_t seed_;
  std::uint64_t drawn_ = 0;
};

// x with elements dropped, scaled so that the mean stays.
torch::Tensor Dropout(const torch::Tensor& x, double p, DropoutStream& stream);
// x [batch, channels, …] with whole channels dropped.
torch::Tensor DropoutChannels(const torch::Tensor& x, double p, DropoutStream& stream);

}  // namespace tutti
