// The powers of sixteen frames side by side, and mel bands of them: the filters' inner loop then
// runs over neighbouring frames, which are neighbours in memory too, instead of over bands of a few
// bins each. (The compiler makes vector code of it; every sum keeps its order.)
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <vector>

#include "worker/audio/mel_filter.h"

namespace tutti {

inline constexpr std::size_t kBlockFrames = 16;

// Not thread-safe.
class FrameBlock {
 public:
  explicit FrameBlock(std::size_t n_bins);

  // Room for the powers of the block's next frame, [n_bins], to be filled before the next call.
  // Requires fewer than kBlockFrames frames so far.
  std::span<float> Add();

  // Call after the last Add and before the first Filter; the next Add begins a new block.
  void Finish();

  // The band's power in each of the frames; what stands behind the frames that were added means
  // nothing. Requires a bank with this number of bins.
  std::array<float, kBlockFrames> Filter(const MelBand& band) const;

 private:
  void TransposeGroup();

  std::size_t n_bins_;
  std::size_t stride_;         // n_bins, rounded up to whole groups
  std::size_t frames_ = 0;     // added to the block so far
  std::vector<float> group_;   // [4 x stride]: the last frames, not yet side by side
  std::vector<float> by_bin_;  // [stride x kBlockFrames]
};

}  // namespace tutti
