#include "worker/audio/mel.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>

#include "common/check.h"
#include "common/vector_clones.h"
#include "worker/audio/decibel.h"
#include "worker/audio/finite.h"
#include "worker/audio/frame_block.h"

namespace tutti {
namespace {

// Of the periodic Hann window, every second value from `first` on.
std::vector<double> HalfOfHann(int size, int first) {
  std::vector<double> half;
  for (int i = first; i < size; i += 2) {
    half.push_back(0.5 - 0.5 * std::cos(2.0 * std::numbers::pi * i / size));
  }
  return half;
}

TUTTI_VECTOR_CLONES void Multiply(const double* window, const float* samples, std::size_t n,
                                  double* out) {
  for (std::size_t i = 0; i < n; ++i) out[i] = window[i] * static_cast<double>(samples[i]);
}

TUTTI_VECTOR_CLONES void TakeEverySecond(const float* values, std::size_t n, float* taken) {
  for (std::size_t i = 0; i < n; ++i) taken[i] = values[2 * i];
}

// A signal between `margin` zeros on both sides, its values 0, 2, 4 … beside its values 1, 3, 5 …:
// told apart once for the signal and not once for each frame that a sample is in.
class SplitSignal {
 public:
  // Requires samples.
  SplitSignal(std::span<const float> samples, std::size_t margin)
      : even_(margin + samples.size() / 2 + 1), odd_(even_.size()) {
    const auto place = [&](std::size_t at) { return (at % 2 == 0 ? even_ : odd_).data() + at / 2; };
    TakeEverySecond(samples.data(), (samples.size() + 1) / 2, place(margin));
    TakeEverySecond(samples.data() + 1, samples.size() / 2, place(margin + 1));
  }

  // The values from `start` on, every second one.
  const float* From(std::size_t start) const {
    return (start % 2 == 0 ? even_ : odd_).data() + start / 2;
  }

 private:
  std::vector<float> even_;
  std::vector<float> odd_;
};

Status CheckOptions(const MelOptions& options) {
  const auto bad = [](const std::string& name, int value, const std::string& expected) {
    return InvalidArgument("mel options: " + name + ": expected " + expected + ", got " +
                           std::to_string(value));
  };
  if (options.sample_rate_hz < 1) return bad("sample_rate_hz", options.sample_rate_hz, "1 or more");
  if (options.n_fft < 2 || options.n_fft % 2 != 0) {
    return bad("n_fft", options.n_fft, "an even number, 2 or more");
  }
  if (options.hop < 1) return bad("hop", options.hop, "1 or more");
  if (options.n_mels < 1 || options.n_mels > options.n_fft / 2) {
    return bad("n_mels", options.n_mels, "1 to n_fft / 2 = " + std::to_string(options.n_fft / 2));
  }
  return {};
}

}  // namespace

MelOptions ToMelOptions(const FeatureSpec& spec) {
  return {static_cast<int>(spec.sample_rate_hz), static_cast<int>(spec.n_fft),
          static_cast<int>(spec.hop), static_cast<int>(spec.n_mels)};
}

MelExtractor::MelExtractor(const MelOptions& options)
    : options_(options),
      spectrum_(options.n_fft),
      filters_(options.sample_rate_hz, options.n_fft, options.n_mels),
      even_window_(HalfOfHann(options.n_fft, 0)),
      odd_window_(HalfOfHann(options.n_fft, 1)) {}

Result<std::unique_ptr<MelExtractor>> MelExtractor::Create(const MelOptions& options) {
  TUTTI_RETURN_IF_ERROR(CheckOptions(options));
  return std::unique_ptr<MelExtractor>(new MelExtractor(options));
}

std::size_t MelExtractor::FrameCount(std::size_t samples) const {
  return 1 + samples / static_cast<std::size_t>(options_.hop);
}

Result<MelSpectrogram> MelExtractor::Compute(std::span<const float> samples) const {
  MelSpectrogram mel{filters_.n_mels(), FrameCount(samples.size()), {}};
  mel.values.resize(mel.n_mels * mel.n_frames);
  TUTTI_RETURN_IF_ERROR(ComputeInto(samples, mel.values));
  return mel;
}

Status MelExtractor::ComputeInto(std::span<const float> samples, std::span<float> features) const {
  if (samples.empty()) return InvalidArgument("mel: there are no samples");
  const std::size_t frames = FrameCount(samples.size());
  TUTTI_CHECK(features.size() == filters_.n_mels() * frames, "room for another number of features");
  if (const auto at = FirstNotFinite(samples)) {
    return DataLoss("mel: sample " + std::to_string(*at) + " is not a finite number");
  }
  // Frame t is centred on sample t * hop; what lies outside the signal is zero.
  const auto half = even_window_.size();
  const auto hop = static_cast<std::size_t>(options_.hop);
  const SplitSignal signal(samples, half);
  SpectrumBuffers buffers(static_cast<std::size_t>(options_.n_fft));
  FrameBlock block(filters_.n_bins());
  for (std::size_t first = 0; first < frames; first += kBlockFrames) {
    const std::size_t count = std::min(kBlockFrames, frames - first);
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t start = (first + i) * hop;
      Multiply(even_window_.data(), signal.From(start), half, buffers.even().data());
      Multiply(odd_window_.data(), signal.From(start + 1), half, buffers.odd().data());
      spectrum_.Compute(buffers, block.Add());
    }
    block.Finish();
    for (std::size_t mel = 0; mel < filters_.n_mels(); ++mel) {
      const auto powers = block.Filter(filters_.band(mel));
      std::copy_n(powers.begin(), count, features.data() + mel * frames + first);
    }
  }
  return PowersToFeatures(features);
}

}  // namespace tutti
