// What a checkpoint says of its weights: all that a prediction needs besides the audio.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "common/feature_spec.h"
#include "common/result.h"
#include "worker/trainer/train_job.h"

namespace tutti {

using CheckpointMetadata = std::map<std::string, std::string, std::less<>>;

struct CheckpointFacts {
  std::string model;
  std::vector<std::string> classes;  // names by label
  double slice_seconds = 1;
  double overlap = 0.5;  // of neighbouring slices, as the run was tested with
  FeatureSpec features;
  std::string feature_spec_hash;
};

// The file's metadata, every value as text; epoch: whose weights they are.
CheckpointMetadata MetadataOf(const TrainJob& job, std::int64_t epoch);

// kNotFound: no such file. kDataLoss: no safetensors file, a key that is missing or cannot be
// meant, naming file and key.
Result<CheckpointFacts> ReadCheckpointFacts(const std::filesystem::path& path);

}  // namespace tutti
