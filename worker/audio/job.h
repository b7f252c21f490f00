// The job line of the runner protocol, as far as preprocessing needs it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>
#include <vector>

#include "common/feature_spec.h"
#include "common/result.h"
#include "worker/audio/preprocess.h"

namespace tutti {

// A shard has at most this many tracks: it bounds the memory that one job asks for.
inline constexpr std::size_t kMaxJobTracks = 65'536;

struct PreprocessJob {
  FeatureSpec spec;
  std::vector<PreprocessTrack> tracks;
  std::filesystem::path output_dir;
  std::int64_t threads = 1;
};

// kInvalidArgument: no such JSON, another kind, a field that is missing, of another type or out of
// range, a track without audio, a feature spec whose hash is another here.
Result<PreprocessJob> ParsePreprocessJob(std::string_view line);

}  // namespace tutti
