// One step of training: a batch's gradients, Adam, and the sums that the epoch's curve is made of.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include <torch/torch.h>

#include "worker/models/model.h"
#include "worker/trainer/adam.h"
#include "worker/trainer/device_features.h"
#include "worker/trainer/features.h"
#include "worker/trainer/slicing.h"
#include "worker/trainer/train_job.h"

namespace tutti {

// Over an epoch's slices, before each step's update.
struct EpochSums {
  double loss = 0;
  std::int64_t hits = 0;
  std::int64_t slices = 0;
};

// What a step works on; all of it outlives the step.
struct StepSubjects {
  Model& model;
  Adam& adam;
  DropoutStream& masks;
  const TrainJob& job;
  const Features& features;
  const SliceGrid& grid;
  const torch::Device& device;
  const DeviceFeatures* on_device;  // null: batches are made on the CPU and carried to the device
};

// Owned by the training's thread. May throw c10::Error: out of memory, a GPU that fails.
class TrainStep {
 public:
  virtual ~TrainStep() = default;
  // model in training mode; returns before the device has done it.
  virtual void Run(std::span<const Slice> batch) = 0;
  // Of the steps since the last call; waits for the device.
  virtual EpochSums TakeSums() = 0;
};

// One operation after another.
std::unique_ptr<TrainStep> MakePlainStep(const StepSubjects& subjects);
// The quickest for the device: steps captured as CUDA graphs on a GPU where this build has them
// (LibTorch_HAS_CUDA_GRAPHS), else plain ones. On a GPU the features are there.
std::unique_ptr<TrainStep> MakeTrainStep(const StepSubjects& subjects);

// The part that both have: gradients, update, and sums += what the batch says. Tensors on the
// device.
struct DeviceSums {
  explicit DeviceSums(const torch::Device& device);
  torch::Tensor
      loss;  // float64, on the device: asking for it at each step would stall the training
  torch::Tensor hits;  // int64
};
void StepOn(const torch::Tensor& slices, const torch::Tensor& labels, const StepSubjects& subjects,
            DeviceSums& sums);

}  // namespace tutti
