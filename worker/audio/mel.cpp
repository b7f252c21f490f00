#include "worker/audio/mel.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>

#include "common/check.h"
#include "worker/audio/decibel.h"
#include "worker/audio/finite.h"
#include "worker/audio/frame_block.h"

namespace tutti {
namespace {

std::vector<double> PeriodicHann(int size) {
  std::vector<double> window(static_cast<std::size_t>(size));
  for (int i = 0; i < size; ++i) {
    window[static_cast<std::size_t>(i)] = 0.5 - 0.5 * std::cos(2.0 * std::numbers::pi * i / size);
  }
  return window;
}

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
      fft_(options.n_fft),
      filters_(options.sample_rate_hz, options.n_fft, options.n_mels),
      window_(PeriodicHann(options.n_fft)) {}

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
  FftBuffers buffers(options_.n_fft);
  FrameBlock block(filters_.n_bins());
  for (std::size_t first = 0; first < frames; first += kBlockFrames) {
    const std::size_t count = std::min(kBlockFrames, frames - first);
    for (std::size_t i = 0; i < count; ++i) {
      WindowFrame(samples, first + i, buffers.input());
      fft_.Execute(buffers);
      block.SetSpectrum(i, buffers.output());
    }
    block.Interleave();
    for (std::size_t mel = 0; mel < filters_.n_mels(); ++mel) {
      const auto powers = block.Filter(filters_.band(mel));
      std::copy_n(powers.begin(), count, features.data() + mel * frames + first);
    }
  }
  return PowersToFeatures(features);
}

// Frame t is centred on sample t * hop; what lies outside the signal is zero.
void MelExtractor::WindowFrame(std::span<const float> samples, std::size_t frame,
                               std::span<double> out) const {
  const auto size = static_cast<std::ptrdiff_t>(out.size());
  const auto start = static_cast<std::ptrdiff_t>(frame) * options_.hop - size / 2;
  const auto end = static_cast<std::ptrdiff_t>(samples.size());
  const std::ptrdiff_t from = std::clamp<std::ptrdiff_t>(-start, 0, size);
  const std::ptrdiff_t to = std::clamp<std::ptrdiff_t>(end - start, from, size);
  std::ranges::fill(out.first(static_cast<std::size_t>(from)), 0.0);
  std::ranges::fill(out.subspan(static_cast<std::size_t>(to)), 0.0);
  const double* window = window_.data();
  const float* in = samples.data();
  for (std::ptrdiff_t i = from; i < to; ++i) {
    out[static_cast<std::size_t>(i)] = window[i] * static_cast<double>(in[start + i]);
  }
}

}  // namespace tutti
