#include "worker/audio/frame_block.h"

#include <bit>
#include <cmath>
#include <cstring>

#include "common/check.h"

namespace tutti {
namespace {

// The compilers' vector types (GCC's and Clang's are the same), because neither turns a transposing
// loop into shuffles by itself.
constexpr std::size_t kGroup = 4;
using Group [[gnu::vector_size(kGroup * sizeof(float))]] = float;
using BlockLanes [[gnu::vector_size(kBlockFrames * sizeof(float))]] = float;

static_assert(kBlockFrames % kGroup == 0);

// 4 x 4 floats, rows `stride` apart, turned over; out's rows are kBlockFrames apart.
void TransposeGroup(const float* in, std::size_t stride, float* out) {
  Group row[kGroup];
  for (std::size_t i = 0; i < kGroup; ++i) std::memcpy(&row[i], in + i * stride, sizeof(Group));
  const Group ab_low = __builtin_shufflevector(row[0], row[1], 0, 4, 1, 5);
  const Group ab_high = __builtin_shufflevector(row[0], row[1], 2, 6, 3, 7);
  const Group cd_low = __builtin_shufflevector(row[2], row[3], 0, 4, 1, 5);
  const Group cd_high = __builtin_shufflevector(row[2], row[3], 2, 6, 3, 7);
  const Group column[kGroup] = {__builtin_shufflevector(ab_low, cd_low, 0, 1, 4, 5),
                                __builtin_shufflevector(ab_low, cd_low, 2, 3, 6, 7),
                                __builtin_shufflevector(ab_high, cd_high, 0, 1, 4, 5),
                                __builtin_shufflevector(ab_high, cd_high, 2, 3, 6, 7)};
  for (std::size_t i = 0; i < kGroup; ++i) {
    std::memcpy(out + i * kBlockFrames, &column[i], sizeof(Group));
  }
}

}  // namespace

FrameBlock::FrameBlock(std::size_t n_bins)
    : stride_((n_bins + kGroup - 1) / kGroup * kGroup),
      by_frame_(kBlockFrames * stride_),
      by_bin_(kBlockFrames * stride_) {}

void FrameBlock::SetSpectrum(std::size_t index, std::span<const std::complex<double>> spectrum) {
  TUTTI_CHECK(index < kBlockFrames && spectrum.size() <= stride_, "no such frame in the block");
  float* powers = by_frame_.data() + index * stride_;
  const std::complex<double>* values = spectrum.data();
  const std::size_t n_bins = spectrum.size();
  for (std::size_t bin = 0; bin < n_bins; ++bin) {
    const auto re = static_cast<float>(values[bin].real());
    const auto im = static_cast<float>(values[bin].imag());
    const float magnitude = std::sqrt(re * re + im * im);
    powers[bin] = magnitude * magnitude;
  }
}

void FrameBlock::Interleave() {
  for (std::size_t frame = 0; frame < kBlockFrames; frame += kGroup) {
    for (std::size_t bin = 0; bin < stride_; bin += kGroup) {
      TransposeGroup(by_frame_.data() + frame * stride_ + bin, stride_,
                     by_bin_.data() + bin * kBlockFrames + frame);
    }
  }
}

std::array<float, kBlockFrames> FrameBlock::Filter(const MelBand& band) const {
  BlockLanes sums{};
  const float* powers = by_bin_.data() + band.first_bin * kBlockFrames;
  for (const float weight : band.weights) {
    BlockLanes lanes;
    std::memcpy(&lanes, powers, sizeof(lanes));
    sums += weight * lanes;
    powers += kBlockFrames;
  }
  std::array<float, kBlockFrames> result;
  std::memcpy(result.data(), &sums, sizeof(sums));
  return result;
}

}  // namespace tutti
