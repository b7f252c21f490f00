// Everything that changes a feature value. Its hash is in every shard and every checkpoint.
#pragma once

#include <cstdint>
#include <string>

#include "common/json.h"
#include "common/result.h"

namespace tutti {

// Grows when the same options would give other values.
inline constexpr std::int64_t kFeatureSpecVersion = 1;

struct FeatureSpec {
  double clip_seconds = 30.0;  // tracks are cut or zero-padded to this
  std::int64_t sample_rate_hz = 22050;
  std::int64_t n_fft = 2048;  // samples; window = n_fft, periodic Hann
  std::int64_t hop = 512;     // samples
  std::int64_t n_mels = 128;  // Slaney scale, 0 Hz .. sample_rate_hz / 2

  friend bool operator==(const FeatureSpec&, const FeatureSpec&) = default;
};

// Samples of one clip, and frames of its spectrogram (1 + samples / hop).
std::int64_t ClipSamples(const FeatureSpec& spec);
std::int64_t ClipFrames(const FeatureSpec& spec);
// Whole frames in a slice of that length: int(seconds × sample_rate_hz / hop).
std::int64_t SliceFrames(const FeatureSpec& spec, double slice_seconds);

// Keys: clip_seconds, hop, n_fft, n_mels, normalisation ("min_max"), sample_rate_hz, spec_version.
Json ToJson(const FeatureSpec& spec);
// Missing keys take their defaults; a key "hash" is ignored. kInvalidArgument: a wrong type, a
// value out of range (clip_seconds 0.1..600, sample_rate_hz 1000..192000, n_fft 16..65536
// and even, hop 1..n_fft, n_mels 1..n_fft/2), another normalisation or spec_version.
Result<FeatureSpec> FeatureSpecFromJson(const Json& json);

}  // namespace tutti
