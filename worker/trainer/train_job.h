// A training job as the runner protocol's line says it, checked.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "common/feature_spec.h"
#include "common/json.h"
#include "common/result.h"

namespace tutti {

struct JobTrack {
  std::int64_t id = 0;  // index in the dataset's manifest
  std::string path;     // for messages
  std::int64_t label = 0;
  std::string content_hash;
  std::filesystem::path shard;
  std::int64_t row = 0;  // of the shard's tensor
};

// Positions in TrainJob::tracks, in split order.
struct JobSplit {
  std::vector<std::size_t> train;
  std::vector<std::size_t> validation;
  std::vector<std::size_t> test;
};

enum class Protocol { kCorrect, kPublished };
// kTf32 and kBf16 are a GPU's; kFloat64 is for comparisons with other implementations.
enum class Precision { kFloat32, kTf32, kBf16, kFloat64 };
std::string_view PrecisionName(Precision precision);  // as in config.precision
enum class KeepWeights { kBest, kLast, kBoth, kNone };

struct TrainingOptions {
  std::int64_t epochs = 300;
  std::int64_t patience = 10;
  std::int64_t batch_size = 16;
  double overlap = 0.5;
  double learning_rate = 0.001;
  bool dropout = true;  // false: nothing is dropped, to compare with other implementations
};

struct TrainJob {
  std::string job;
  std::int64_t attempt = 0;
  std::string model;
  double slice_seconds = 1;
  std::int64_t seed = 0;
  TrainingOptions training;
  Protocol protocol = Protocol::kCorrect;
  Precision precision = Precision::kFloat32;
  bool deterministic = false;  // bit-equal on a GPU too, slower
  KeepWeights keep_weights = KeepWeights::kBest;
  FeatureSpec features;
  std::string feature_spec_hash;
  std::string dataset_version;
  std::vector<std::string> classes;
  std::vector<JobTrack> tracks;
  JobSplit split;
  std::filesystem::path resume;  // of an earlier attempt; empty: from the first epoch
  // How often to write what a later attempt can go on from, 0 for each epoch; nothing: never.
  std::optional<double> resume_interval_seconds;
  std::filesystem::path weights;  // to start from; empty: drawn from the seed
  std::filesystem::path output_dir;
  std::int64_t threads = 1;
  std::string device = "cpu";
};

// kInvalidArgument: a field that is missing, of another type or out of range; a split that names an
// unknown track; a track on two sides of the split; a part without tracks; what this build cannot
// do (another precision, a device that is not there).
Result<TrainJob> ParseTrainJob(const Json& line);

// Songs whose content is on another side too, under another name, each pair of sides looked at: of
// the validation part those that training has, of the test part those that training or validation
// has. What they score says little, and what validation scores chooses the epoch.
std::int64_t CountCrossingDuplicates(const TrainJob& job);

}  // namespace tutti
