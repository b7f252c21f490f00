// Sample rate conversion, the same as librosa's.
//
// Source: librosa 0.11 resample(res_type="soxr_hq", fix=True) over soxr: recipe SOXR_HQ, float32 in
// and out, output length ceil(n * to / from), zero-padded or cut to it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "common/result.h"

namespace tutti {

// How long n samples are at the other rate: ceil(n * to_hz / from_hz), in librosa's double
// arithmetic.
std::size_t ResampledLength(std::size_t n, int from_hz, int to_hz);

// Converts one signal as it comes. What it gives does not depend on how the signal was cut into
// pieces, and a sample once given is what the whole signal's conversion has there: so a clip needs
// no more input than is asked for until the clip is full. Not thread-safe.
class StreamResampler {
 public:
  // kInvalidArgument: a rate < 1, or rates so far apart that soxr refuses them.
  static Result<std::unique_ptr<StreamResampler>> Create(int from_hz, int to_hz);

  ~StreamResampler();
  StreamResampler(const StreamResampler&) = delete;
  StreamResampler& operator=(const StreamResampler&) = delete;

  // Takes all of `input`; writes to `output` what is ready, returns how many samples that were.
  // What finds no room waits for the next call.
  Result<std::size_t> Push(std::span<const float> input, std::span<float> output);
  // The signal ended: the samples that were waiting for more input. Call once, last. All samples of
  // Push and Finish together are at most ResampledLength(input).
  Result<std::size_t> Finish(std::span<float> output);

 private:
  struct Soxr;
  StreamResampler(int from_hz, int to_hz, std::unique_ptr<Soxr> soxr);

  int from_hz_;
  int to_hz_;
  std::unique_ptr<Soxr> soxr_;
  std::size_t taken_ = 0;
  std::size_t given_ = 0;
};

// A whole signal at once; ResampledLength samples. Errors as above.
Result<std::vector<float>> Resample(std::span<const float> samples, int from_hz, int to_hz);

}  // namespace tutti
