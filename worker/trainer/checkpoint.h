// A model's weights as a safetensors file that Python loads unchanged.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include <torch/torch.h>

#include "common/result.h"
#include "worker/models/model.h"

namespace tutti {

// Parameters and buffers by PyTorch's state_dict names, on the CPU, detached copies.
using Weights = std::map<std::string, torch::Tensor>;
Weights WeightsOf(const Model& model);

// Copies values into the model. kInvalidArgument, naming the tensor: one that is missing, too many,
// or of another shape.
Status LoadWeights(const Weights& weights, Model& model);

// metadata: what a reader must know of the weights; all values are text.
Status SaveCheckpoint(const std::filesystem::path& path, const Weights& weights,
                      const std::map<std::string, std::string, std::less<>>& metadata);
// kDataLoss: no safetensors file, or a tensor of a type that no model has.
Result<Weights> ReadCheckpoint(const std::filesystem::path& path);

}  // namespace tutti
