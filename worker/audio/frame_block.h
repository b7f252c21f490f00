// The powers of sixteen frames side by side, and mel bands of them: the filters' inner loop then
// runs over neighbouring frames, which are neighbours in memory too, instead of over bands of a few
// bins each. (The compiler makes vector code of it; every sum keeps its order.)
#pragma once

#include <array>
#include <complex>
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

  // Frame `index` (below kBlockFrames) of the block: |spectrum|^2 as librosa rounds it, the
  // spectrum to complex64, the magnitude to float32, its square to float32. Requires n_bins values.
  void SetSpectrum(std::size_t index, std::span<const std::complex<double>> spectrum);

  // Call between the last SetSpectrum and the first Filter.
  void Interleave();

  // The band's power in each of the frames; frames that were not set since the last block hold that
  // block's values. Requires a bank with this number of bins.
  std::array<float, kBlockFrames> Filter(const MelBand& band) const;

 private:
  std::size_t stride_;           // n_bins, rounded up to whole groups
  std::vector<float> by_frame_;  // [kBlockFrames x stride]
  std::vector<float> by_bin_;    // [stride x kBlockFrames]
};

}  // namespace tutti
