// The Slaney mel filter bank, kept sparse: of 128 x 1025 weights only 2,018 are not zero.
//
// Source: librosa 0.11 filters.mel(htk=False, norm="slaney", fmin=0, fmax=sample_rate / 2): a scale
// linear below 1000 Hz (200/3 Hz a mel) and logarithmic above (step ln(6.4) / 27), n_mels + 2
// points evenly spaced in mel; triangles rounded to float32, then scaled by 2 / (their width in Hz)
// and rounded again.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace tutti {

// One mel band: its weights for the FFT bins first_bin, first_bin + 1, … A band may be empty (more
// bands asked for than the bins can tell apart).
struct MelBand {
  std::size_t first_bin = 0;
  std::span<const float> weights;
};

// Immutable, so safe from many threads.
class MelFilterBank {
 public:
  // Requires positive values and n_mels <= n_fft / 2.
  MelFilterBank(int sample_rate_hz, int n_fft, int n_mels);

  std::size_t n_mels() const { return bands_.size(); }
  std::size_t n_bins() const { return n_bins_; }  // n_fft / 2 + 1
  MelBand band(std::size_t mel) const;

 private:
  struct Place {
    std::size_t first_bin;
    std::size_t begin;
    std::size_t count;
  };

  std::size_t n_bins_;
  std::vector<float> weights_;
  std::vector<Place> bands_;
};

}  // namespace tutti
