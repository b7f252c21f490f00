// A model's scores on some songs: slices first, then one vote a slice.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include <torch/torch.h>

#include "worker/models/model.h"
#include "worker/trainer/device_features.h"
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
  const DeviceFeatures* on_device = nullptr;  // null: batches are made on the CPU, then carried
};

// All slices of some songs, song by song, in large batches on the device. Made once for however
// many evaluations.
class SongBatches {
 public:
  SongBatches(const SlicedSongs& songs, const torch::Device& device);

  const SlicedSongs& songs() const { return songs_; }
  const torch::Device& device() const { return device_; }
  const std::vector<Slice>& slices() const { return slices_; }
  std::size_t count() const;
  // With features on the device no step of it waits for the device. i < count().
  Batch Cut(std::size_t i) const;

 private:
  const SlicedSongs songs_;
  const torch::Device device_;
  const std::vector<Slice> slices_;
  const torch::Tensor places_;  // [3, slices] on the device (DeviceFeatures); undefined without
};

// Scores all slices: `take` gets logits [batch, classes] on the device, and ends it by returning
// false. The model is in evaluation mode and records no gradients meanwhile; it is left in training
// mode if it was.
void ForEachScoredBatch(
    Model& model, const SongBatches& batches,
    const std::function<bool(const torch::Tensor& logits, const Batch& batch)>& take);

// One vote a slice; slice_classes: all slices, song by song.
std::vector<SongPrediction> Vote(const SlicedSongs& songs,
                                 std::span<const std::int64_t> slice_classes);

// Both of the above over songs whose labels are known. Waits for the device once, at its end.
Evaluation Evaluate(Model& model, const SongBatches& batches);

double SongAccuracy(const std::vector<SongPrediction>& songs);
double SongMacroF1(const std::vector<SongPrediction>& songs);

}  // namespace tutti
