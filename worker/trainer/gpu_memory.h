// What a run takes of its GPU's memory, for whoever decides which runs may share one.
#pragma once

#include <torch/torch.h>

#include "worker/trainer/train_run.h"

namespace tutti {

// Made before a run has anything on its device, gone after all of that: what LibTorch keeps for
// later tensors is then given back, so that a runner without a job holds no more than CUDA itself
// takes. On the processor it does nothing. Owned by the run's thread.
class GpuMemory {
 public:
  explicit GpuMemory(const torch::Device& device);
  ~GpuMemory();
  GpuMemory(const GpuMemory&) = delete;
  GpuMemory& operator=(const GpuMemory&) = delete;

  // The event gpu_memory{peak_bytes,total_bytes}, where the peak is a new one: the most that
  // LibTorch has reserved since this was made.
  void Tell(const RunHooks& hooks);

 private:
  const torch::Device device_;
  std::int64_t told_bytes_ = 0;
};

}  // namespace tutti
