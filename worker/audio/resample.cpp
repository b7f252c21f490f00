#include "worker/audio/resample.h"

#include <algorithm>
#include <cmath>
#include <soxr.h>
#include <string>
#include <utility>

namespace tutti {
namespace {

// soxr copies what it was given too early; small pieces keep that copy in the cache.
constexpr std::size_t kPieceSamples = 65'536;

}  // namespace

std::size_t ResampledLength(std::size_t n, int from_hz, int to_hz) {
  const double ratio = static_cast<double>(to_hz) / static_cast<double>(from_hz);
  return static_cast<std::size_t>(std::ceil(static_cast<double>(n) * ratio));
}

struct StreamResampler::Soxr {
  soxr_t handle = nullptr;
  ~Soxr() { soxr_delete(handle); }
};

StreamResampler::StreamResampler(int from_hz, int to_hz, std::unique_ptr<Soxr> soxr)
    : from_hz_(from_hz), to_hz_(to_hz), soxr_(std::move(soxr)) {}

StreamResampler::~StreamResampler() = default;

Result<std::unique_ptr<StreamResampler>> StreamResampler::Create(int from_hz, int to_hz) {
  const std::string what =
      "resample " + std::to_string(from_hz) + " Hz to " + std::to_string(to_hz) + " Hz: ";
  if (from_hz < 1 || to_hz < 1) return InvalidArgument(what + "rates must be at least 1 Hz");
  const soxr_io_spec_t io = soxr_io_spec(SOXR_FLOAT32_I, SOXR_FLOAT32_I);
  const soxr_quality_spec_t quality = soxr_quality_spec(SOXR_HQ, 0);
  soxr_error_t error = nullptr;
  auto soxr = std::make_unique<Soxr>();
  soxr->handle = soxr_create(from_hz, to_hz, 1, &error, &io, &quality, nullptr);
  if (error != nullptr) return InvalidArgument(what + soxr_strerror(error));
  return std::unique_ptr<StreamResampler>(new StreamResampler(from_hz, to_hz, std::move(soxr)));
}

Result<std::size_t> StreamResampler::Push(std::span<const float> input, std::span<float> output) {
  if (input.empty()) return std::size_t{0};  // soxr would take it for the end
  std::size_t given = 0;
  // No count of samples taken: then soxr keeps all of them, whatever room the output has.
  const soxr_error_t error = soxr_process(soxr_->handle, input.data(), input.size(), nullptr,
                                          output.data(), output.size(), &given);
  if (error != nullptr) return Internal(std::string("resample: ") + soxr_strerror(error));
  taken_ += input.size();
  given_ += given;
  return given;
}

Result<std::size_t> StreamResampler::Finish(std::span<float> output) {
  const std::size_t length = ResampledLength(taken_, from_hz_, to_hz_);
  const std::size_t room = std::min(output.size(), length - std::min(length, given_));
  std::size_t given = 0;
  const soxr_error_t error =
      soxr_process(soxr_->handle, nullptr, 0, nullptr, output.data(), room, &given);
  if (error != nullptr) return Internal(std::string("resample: ") + soxr_strerror(error));
  given_ += given;
  return given;
}

Result<std::vector<float>> Resample(std::span<const float> samples, int from_hz, int to_hz) {
  if (from_hz == to_hz) return std::vector<float>(samples.begin(), samples.end());
  TUTTI_ASSIGN_OR_RETURN(auto resampler, StreamResampler::Create(from_hz, to_hz));
  std::vector<float> output(ResampledLength(samples.size(), from_hz, to_hz));
  std::span<float> room(output);
  while (!samples.empty()) {
    const auto piece = samples.first(std::min(kPieceSamples, samples.size()));
    TUTTI_ASSIGN_OR_RETURN(const std::size_t given, resampler->Push(piece, room));
    room = room.subspan(given);
    samples = samples.subspan(piece.size());
  }
  TUTTI_RETURN_IF_ERROR(resampler->Finish(room));
  return output;
}

}  // namespace tutti
