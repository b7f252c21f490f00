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

// Where weights come from, or must come from; an empty member stands for any.
struct WeightsOrigin {
  std::string feature_spec_hash;
  std::string dataset_version;
};

struct CheckpointFacts {
  std::string model;
  std::vector<std::string> classes;  // names by label
  double slice_seconds = 1;
  double overlap = 0.5;  // of neighbouring slices, as the run was tested with
  FeatureSpec features;
  WeightsOrigin origin;
};

// The file's metadata, every value as text; epoch: whose weights they are.
CheckpointMetadata MetadataOf(const TrainJob& job, std::int64_t epoch);

// OK where both name a thing and it is the same, or one of them says nothing. kDataLoss: naming
// checkpoint, what differs, what it has and what was expected.
Status CheckOrigin(const std::filesystem::path& checkpoint, const WeightsOrigin& got,
                   const WeightsOrigin& expected);
// As far as the file's metadata tells; kNotFound, kDataLoss: no such file, no safetensors file.
Result<WeightsOrigin> ReadWeightsOrigin(const std::filesystem::path& path);

// kNotFound: no such file. kDataLoss: no safetensors file, a key that is missing or cannot be
// meant, naming file and key.
Result<CheckpointFacts> ReadCheckpointFacts(const std::filesystem::path& path);

}  // namespace tutti
