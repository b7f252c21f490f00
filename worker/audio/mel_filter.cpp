#include "worker/audio/mel_filter.h"

#include <algorithm>
#include <cmath>

#include "common/check.h"

namespace tutti {
namespace {

constexpr double kHzPerMel = 200.0 / 3.0;
constexpr double kLogStartHz = 1000.0;
constexpr double kLogStartMel = kLogStartHz / kHzPerMel;

double LogStep() {
  return std::log(6.4) / 27.0;
}

double HzToMel(double hz) {
  if (hz < kLogStartHz) return hz / kHzPerMel;
  return kLogStartMel + std::log(hz / kLogStartHz) / LogStep();
}

double MelToHz(double mel) {
  if (mel < kLogStartMel) return kHzPerMel * mel;
  return kLogStartHz * std::exp(LogStep() * (mel - kLogStartMel));
}

// The corners of all triangles in Hz: triangle i spans corners i .. i + 2.
std::vector<double> Corners(double highest_hz, std::size_t count) {
  const double highest_mel = HzToMel(highest_hz);
  const double step = highest_mel / static_cast<double>(count - 1);
  std::vector<double> corners(count);
  for (std::size_t i = 0; i < count; ++i) corners[i] = MelToHz(static_cast<double>(i) * step);
  corners.back() = MelToHz(highest_mel);
  return corners;
}

}  // namespace

MelFilterBank::MelFilterBank(int sample_rate_hz, int n_fft, int n_mels)
    : n_bins_(static_cast<std::size_t>(n_fft / 2 + 1)) {
  TUTTI_CHECK(sample_rate_hz > 0 && n_fft > 1 && n_mels > 0 && n_mels <= n_fft / 2,
              "mel options out of range");
  const auto corners = Corners(sample_rate_hz / 2.0, static_cast<std::size_t>(n_mels) + 2);
  const double hz_per_bin = 1.0 / (static_cast<double>(n_fft) * (1.0 / sample_rate_hz));
  for (std::size_t mel = 0; mel < static_cast<std::size_t>(n_mels); ++mel) {
    const double low = corners[mel];
    const double peak = corners[mel + 1];
    const double high = corners[mel + 2];
    const double area_norm = 2.0 / (high - low);
    Place place{0, weights_.size(), 0};
    for (std::size_t bin = 0; bin < n_bins_; ++bin) {
      const double hz = static_cast<double>(bin) * hz_per_bin;
      const double rising = -(low - hz) / (peak - low);
      const double falling = (high - hz) / (high - peak);
      const auto triangle = static_cast<float>(std::max(0.0, std::min(rising, falling)));
      if (triangle == 0.0F) continue;
      if (place.count == 0) place.first_bin = bin;
      weights_.push_back(static_cast<float>(static_cast<double>(triangle) * area_norm));
      ++place.count;
    }
    bands_.push_back(place);
  }
}

MelBand MelFilterBank::band(std::size_t mel) const {
  const Place& place = bands_[mel];
  return {place.first_bin, std::span(weights_).subspan(place.begin, place.count)};
}

}  // namespace tutti
