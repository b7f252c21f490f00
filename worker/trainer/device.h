// The device that a job names, as LibTorch's.
#pragma once

#include <string>
#include <vector>

#include <torch/torch.h>

#include "common/result.h"

namespace tutti {

// name: "cpu" or "cuda:N". kInvalidArgument: another word, or a GPU that this LibTorch does not
// see.
Result<torch::Device> ChooseDevice(const std::string& name);

// "cpu"; of "cuda:N" the GPU's model as its driver tells it ("NVIDIA H100 80GB HBM3"), which two of
// a kind share; "GPU" where the driver cannot be asked.
std::string DeviceModel(const std::string& name);

// "cuda:0", … as far as this LibTorch can use them.
std::vector<std::string> UsableGpus();

}  // namespace tutti
