// How a device computes: reduced precision, determinism. Switches of the whole process, as LibTorch
// has them.
#pragma once

#include <torch/torch.h>

#include "common/result.h"
#include "worker/trainer/train_job.h"

namespace tutti {

// Sets every switch for this job, whatever the one before had: TF32 only where the job asks for it
// (cuDNN's own default is on), deterministic algorithms where it does; cuDNN tries its algorithms
// out otherwise. Numbers too small for float32's normal form become zero, on this thread and on
// those that LibTorch computes with: recurrent gradients fade through such numbers, which
// processors add tens of times slower than others. kInvalidArgument: tf32 or bf16 on the CPU, where
// they are slower or do not exist.
Status ApplyNumerics(const TrainJob& job, const torch::Device& device);

// While it lives, operations of this thread that allow it compute in bfloat16 on the GPU; weights
// and sums stay float32. Does nothing for other precisions.
class ReducedPrecision {
 public:
  explicit ReducedPrecision(Precision precision);
  ~ReducedPrecision();
  ReducedPrecision(const ReducedPrecision&) = delete;
  ReducedPrecision& operator=(const ReducedPrecision&) = delete;

 private:
  const bool on_;
};

}  // namespace tutti
