// Songs cut into slices: places in the features, copied only when a batch is made.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <torch/torch.h>

#include "common/result.h"
#include "worker/trainer/features.h"
#include "worker/trainer/train_job.h"

namespace tutti {

struct Slice {
  std::size_t track = 0;   // position in the job's track list
  std::int64_t start = 0;  // first frame
};

// Source: the published study: frames = int(seconds × rate / hop), stride = int(frames × (1 −
// overlap)), full slices only.
struct SliceGrid {
  std::int64_t frames = 0;
  std::int64_t stride = 0;
  std::int64_t per_track = 0;
};

// kInvalidArgument: no full slice fits into the clip, or the overlap leaves no stride.
Result<SliceGrid> MakeSliceGrid(const FeatureSpec& spec, double slice_seconds, double overlap);

// All slices of these tracks, track by track, each from its start to its end.
std::vector<Slice> SlicesOf(std::span<const std::size_t> tracks, const SliceGrid& grid);

struct Batch {
  torch::Tensor slices;  // [batch, n_mels, frames] float32, contiguous
  torch::Tensor labels;  // [batch] int64, on the slices' device
};

// On the CPU.
Batch GatherBatch(std::span<const Slice> slices, const SliceGrid& grid, const Features& features,
                  const TrainJob& job);

// The order of one epoch: a permutation that depends on seed and epoch alone. Source: Fisher and
// Yates; words from Philox.
std::vector<std::size_t> ShuffledOrder(std::size_t n, std::uint64_t seed, std::int64_t epoch);

// Where each batch ends; a last batch of one joins the batch before it, because BatchNorm cannot
// train on one.
std::vector<std::size_t> BatchEnds(std::size_t n, std::size_t batch_size);

}  // namespace tutti
