// A training job small enough for a test: two classes whose spectrograms are loud in other bands.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "common/feature_spec.h"
#include "common/json.h"

namespace tutti {

struct TinyJob {
  std::string model = "rnn";
  std::int64_t seed = 333;
  std::int64_t epochs = 4;
  std::int64_t patience = 10;
  double learning_rate = 0.01;
};

// 2 s at 22,050 Hz: 87 frames, three slices of 1 s a track.
FeatureSpec TinyFeatures();

// Writes a shard of twelve tracks into the folder and gives the job line over it: eight tracks to
// train, two to validate, two to test.
Json MakeTinyJob(const std::filesystem::path& folder, const TinyJob& options = {});

// As features of `tracks` tracks; even ones are of class 0.
std::vector<float> TinySpectrograms(std::int64_t tracks);
void WriteTinyShard(const std::filesystem::path& path, const std::vector<float>& values,
                    std::int64_t tracks, const std::string& spec_hash);

}  // namespace tutti
