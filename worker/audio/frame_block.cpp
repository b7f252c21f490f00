#include "worker/audio/frame_block.h"

#include <cstring>

#include "common/check.h"
#include "common/vector_clones.h"

namespace tutti {
namespace {

// The compilers' vector types (GCC's and Clang's are the same), because neither turns a transposing
// loop into shuffles by itself.
constexpr std::size_t kGroup = 4;
using Group [[gnu::vector_size(kGroup * sizeof(float))]] = float;

static_assert(kBlockFrames % kGroup == 0);

// 4 x 4 floats, rows `stride` apart, turned over; out's rows are kBlockFrames apart.
void Transpose(const float* in, std::size_t stride, float* out) {
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

// kGroup rows of `stride` bins become columns of out, whose rows are kBlockFrames apart.
TUTTI_VECTOR_CLONES void TransposeRows(const float* rows, std::size_t stride, float* out) {
  for (std::size_t bin = 0; bin < stride; bin += kGroup) {
    Transpose(rows + bin, stride, out + bin * kBlockFrames);
  }
}

// sums[frame] = the sum over bins of weight * power.
TUTTI_VECTOR_CLONES void WeightedSums(std::span<const float> weights, const float* powers,
                                      float* sums) {
  Group totals[kBlockFrames / kGroup] = {};
  for (const float weight : weights) {
    for (std::size_t i = 0; i < std::size(totals); ++i) {
      Group lanes;
      std::memcpy(&lanes, powers + i * kGroup, sizeof(lanes));
      totals[i] += weight * lanes;
    }
    powers += kBlockFrames;
  }
  std::memcpy(sums, totals, sizeof(totals));
}

}  // namespace

FrameBlock::FrameBlock(std::size_t n_bins)
    : n_bins_(n_bins),
      stride_((n_bins + kGroup - 1) / kGroup * kGroup),
      group_(kGroup * stride_),
      by_bin_(kBlockFrames * stride_) {}

std::span<float> FrameBlock::Add() {
  TUTTI_CHECK(frames_ < kBlockFrames, "the block is full");
  if (frames_ != 0 && frames_ % kGroup == 0) TransposeGroup();
  return std::span(group_).subspan(frames_++ % kGroup * stride_, n_bins_);
}

void FrameBlock::Finish() {
  if (frames_ != 0) TransposeGroup();
  frames_ = 0;
}

void FrameBlock::TransposeGroup() {
  TransposeRows(group_.data(), stride_, by_bin_.data() + (frames_ - 1) / kGroup * kGroup);
}

std::array<float, kBlockFrames> FrameBlock::Filter(const MelBand& band) const {
  std::array<float, kBlockFrames> result;
  WeightedSums(band.weights, by_bin_.data() + band.first_bin * kBlockFrames, result.data());
  return result;
}

}  // namespace tutti
