// The model of the last prediction, for the next one by the same weights.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include <torch/torch.h>

#include "common/result.h"
#include "worker/models/model.h"

namespace tutti {

// What a checkpoint is loaded into.
struct ModelAsked {
  std::filesystem::path weights;
  std::string hash;   // of the file's content, as whoever asks knows it; empty: not known
  std::string model;  // as the checkpoint says
  ModelShape shape;
  torch::Device device = torch::kCPU;
};

// Making a model and reading its weights takes as long as listening to a song by it. Owned by one
// thread.
class KeptModel {
 public:
  // The one from before where the content is the same, else a new one, which takes its place; where
  // it is not known, always a new one. The caller leaves its weights as they are. kDataLoss: the
  // file is no checkpoint, or of another model. kInvalidArgument: no such model. kNotFound: no such
  // file.
  Result<std::shared_ptr<Model>> Get(const ModelAsked& asked);
  // Gives its memory back.
  void Drop();

 private:
  ModelAsked asked_;
  std::shared_ptr<Model> model_;  // null: none is kept
};

}  // namespace tutti
