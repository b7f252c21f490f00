// A model's scores on some songs: slices first, then one vote a slice.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include <torch/torch.h>

#include "worker/models/model.h"
#include "worker/trainer/features.h"
#include "worker/trainer/slicing.h"

namespace tutti {

struct SongPrediction {
  std::size_t track = 0;  // position in the job's track list
  std::int64_t label = 0;
  std::int64_t predicted = 0;
  std::vector<std::int32_t> votes;  // slices per class
};

struct Evaluation {
  double loss = 0;  // mean cross-entropy over slices
  double slice_accuracy = 0;
  std::vector<SongPrediction> songs;  // in the order of `tracks`
};

// Some of a job's songs and how they are cut. What it refers to outlives it.
struct SlicedSongs {
  std::span<const std::size_t> tracks;  // positions in the job's track list, not empty
  const SliceGrid& grid;
  const Features& features;
  const TrainJob& job;
};

// Scores all slices, song by song, in large batches: `take` gets logits [batch, classes] on the
// device, and ends it by returning false. The model is in evaluation mode and records no gradients
// meanwhile; it is left in training mode if it was.
void ForEachScoredBatch(
    Model& model, const SlicedSongs& songs, const torch::Device& device,
    const std::function<bool(const torch::Tensor& logits, const Batch& batch)>& take);

// The class of each row of logits [batch, classes], behind what is there.
void AppendClasses(const torch::Tensor& logits, std::vector<std::int64_t>& classes);

// One vote a slice; slice_classes: all slices, song by song.
std::vector<SongPrediction> Vote(const SlicedSongs& songs,
                                 std::span<const std::int64_t> slice_classes);

// Both of the above over songs whose labels are known. tracks: positions, not empty.
Evaluation Evaluate(Model& model, std::span<const std::size_t> tracks, const SliceGrid& grid,
                    const Features& features, const TrainJob& job, const torch::Device& device);

double SongAccuracy(const std::vector<SongPrediction>& songs);
double SongMacroF1(const std::vector<SongPrediction>& songs);

}  // namespace tutti
