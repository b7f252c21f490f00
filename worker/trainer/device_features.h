// A job's features on the device, and batches cut out of them there.
#pragma once

#include <span>

#include <torch/torch.h>

#include "worker/trainer/features.h"
#include "worker/trainer/slicing.h"
#include "worker/trainer/train_job.h"

namespace tutti {

// Works on any device. Owned by the training's thread.
class DeviceFeatures {
 public:
  // Copies the features of all of the job's tracks. May throw c10::Error: out of memory.
  DeviceFeatures(const Features& features, const TrainJob& job, const SliceGrid& grid,
                 const torch::Device& device);

  // places: [3, batch] int64 on the device: track, first frame, label (PlacesOf). Returns
  // [batch, n_mels, frames] float32. No step of it waits for the device.
  torch::Tensor Gather(const torch::Tensor& places) const;
  // These slices and their labels, on the device. One copy to it, of their places.
  Batch Cut(std::span<const Slice> slices, const TrainJob& job) const;

 private:
  torch::Tensor values_;  // [tracks, n_mels, clip frames]
  torch::Tensor mels_;    // [1, n_mels, 1]
  torch::Tensor frames_;  // [1, frames]
};

// Writes a batch's places into to, [3, batch] int64 on the CPU.
void PlacesOf(std::span<const Slice> batch, const TrainJob& job, torch::Tensor& to);
torch::Tensor PlacesOf(std::span<const Slice> batch, const TrainJob& job);

}  // namespace tutti
