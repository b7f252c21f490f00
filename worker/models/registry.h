// The models by name.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "worker/models/model.h"

namespace tutti {

struct ModelEntry {
  std::string name;
  std::int64_t min_frames = 1;  // its pools need so many
  std::int64_t min_mels = 1;
  std::shared_ptr<Model> (*make)(const ModelShape& shape) = nullptr;
  // Modules whose parameters stay at their initial values under protocol `published`: the study
  // made them after its optimiser was built.
  std::vector<std::string> never_trained_by_study;
};

const std::vector<ModelEntry>& Models();

// kInvalidArgument: no such model (known ones are named).
Result<const ModelEntry*> FindModel(std::string_view name);

// Draws the initial weights from torch's default generator: seed it first. kInvalidArgument: the
// shape is too small for the model, saying what it needs.
Result<std::shared_ptr<Model>> MakeModel(std::string_view name, const ModelShape& shape);

}  // namespace tutti
