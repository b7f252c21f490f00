// The features of one clip: log-mel power spectrogram, min-max to [0, 1].
//
// Source: librosa 0.11 feature.melspectrogram(center=True, zero padding, power=2) +
// power_to_db(ref=max, top_db=80), then (x - min) / (max - min); tests/golden/mel_test.cpp holds
// the tolerance. Window and FFT are in double and the spectrum is rounded to float32, as there: a
// float32 FFT would be off by up to 1e-5.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "common/feature_spec.h"
#include "common/result.h"
#include "worker/audio/mel_filter.h"
#include "worker/audio/power_spectrum.h"

namespace tutti {

struct MelOptions {
  int sample_rate_hz = 22050;
  int n_fft = 2048;  // samples, even; window = n_fft, periodic Hann
  int hop = 512;     // samples
  int n_mels = 128;  // Slaney scale, area-normalised, 0 Hz .. sample_rate_hz / 2
};

MelOptions ToMelOptions(const FeatureSpec& spec);

// [n_mels x n_frames], row-major.
struct MelSpectrogram {
  std::size_t n_mels = 0;
  std::size_t n_frames = 0;
  std::vector<float> values;
};

// Compute() is safe from many threads: plan, window and filters are shared, buffers are per call.
class MelExtractor {
 public:
  // kInvalidArgument: an option <= 0, n_fft odd, or n_mels > n_fft / 2.
  static Result<std::unique_ptr<MelExtractor>> Create(const MelOptions& options);

  // 1 + samples / hop
  std::size_t FrameCount(std::size_t samples) const;

  // samples: mono, [-1, 1], at sample_rate_hz. Every value in [0, 1]; all zeros where the song is
  // constant. kInvalidArgument: empty. kDataLoss: NaN or infinity inside, or samples so large that
  // their power is.
  Result<MelSpectrogram> Compute(std::span<const float> samples) const;
  // The same, into a caller's memory. Requires features.size() == n_mels * FrameCount(samples).
  Status ComputeInto(std::span<const float> samples, std::span<float> features) const;

 private:
  explicit MelExtractor(const MelOptions& options);

  MelOptions options_;
  PowerSpectrum spectrum_;
  MelFilterBank filters_;
  std::vector<double> even_window_;  // values 0, 2, 4 … of the window
  std::vector<double> odd_window_;
};

}  // namespace tutti
