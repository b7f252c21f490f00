// A model's scores on some songs: slices first, then one vote a slice.
#pragma once

#include <cstdint>
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

// Runs the model in evaluation mode, in large batches, without recording gradients; leaves it in
// training mode if it was. tracks: positions, not empty.
Evaluation Evaluate(Model& model, std::span<const std::size_t> tracks, const SliceGrid& grid,
                    const Features& features, const TrainJob& job, const torch::Device& device);

double SongAccuracy(const std::vector<SongPrediction>& songs);
double SongMacroF1(const std::vector<SongPrediction>& songs);

}  // namespace tutti
