// Classes of audio files by a checkpoint: tutti-preprocess, then tutti-train, as children.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "cli/context.h"
#include "common/json.h"
#include "common/result.h"

namespace tutti {

// As far as a command needs to know a checkpoint; tutti-train checks the rest.
struct CheckpointHeader {
  std::filesystem::path file;
  std::string model;
  double slice_seconds = 0;
  std::vector<std::string> classes;  // by label
  Json feature_spec;                 // with its hash
  std::string dataset_version;       // that it must have been trained on; empty: any
};

struct ClassScore {
  std::string name;
  std::int64_t votes = 0;  // slices
  double share = 0;        // of all slices
  double probability = 0;  // mean softmax over the slices
};

struct AudioPrediction {
  std::filesystem::path audio;
  std::string predicted;
  std::int64_t slices = 0;
  std::vector<ClassScore> classes;  // most votes first, then the likelier; the first is predicted
};

struct UndecodableAudio {
  std::filesystem::path audio;
  std::string message;
};

struct PredictionReport {
  std::vector<AudioPrediction> predictions;  // in the order of the files
  std::vector<UndecodableAudio> undecodable;
};

// kInvalidArgument: it is no checkpoint of a run. kNotFound: no such file.
Result<CheckpointHeader> ReadCheckpointHeader(const std::filesystem::path& file);

// Features are those of the checkpoint's own spec, made by the code that made the run's. Errors as
// CallRunner; kNotFound: an audio file that is not there.
Result<PredictionReport> PredictAudio(Context& context, const CheckpointHeader& checkpoint,
                                      const std::vector<std::filesystem::path>& audio);

}  // namespace tutti
