// Makes one shard: decodes tracks on several threads, computes their features, writes the file.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "common/clock.h"
#include "common/feature_spec.h"
#include "common/result.h"

namespace tutti {

inline constexpr std::int64_t kMaxPreprocessThreads = 256;
// All rows of a shard, which are in memory at once.
inline constexpr std::size_t kMaxShardBytes = std::size_t{64} << 30;

struct PreprocessTrack {
  std::int64_t id = 0;
  std::filesystem::path audio;
  std::string content_hash;
};

// Told while the work goes on. Its methods are called from the working threads, never two at once.
class PreprocessObserver {
 public:
  virtual ~PreprocessObserver() = default;
  // The track's bytes are at fault: it will have no row.
  virtual void OnUndecodable(const PreprocessTrack& track, const std::string& why) = 0;
  // done of total tracks are over, undecodable ones too.
  virtual void OnProgress(std::size_t done, std::size_t total) = 0;
};

struct PreprocessReport {
  std::size_t rows = 0;
  std::size_t undecodable = 0;
  double peak = 0;  // largest |sample| of all rows; full scale is 1
  // Summed over the threads, except the last two.
  double load_seconds = 0;  // decode, resample, cut
  double compute_seconds = 0;
  double write_seconds = 0;
  double total_seconds = 0;
};

// Writes `shard` with the rows of `tracks` in their order, whatever thread finished first; a track
// that does not decode is told to the observer and left out. threads: 1 .. kMaxPreprocessThreads.
// Holds all rows in memory once. Looks at `cancelled` between tracks.
// kInvalidArgument: threads or spec out of range, or more than kMaxShardBytes. kCancelled.
// kResourceExhausted: out of memory. Others: a file could not be read or written here (never a
// verdict on a track).
Result<PreprocessReport> Preprocess(const std::vector<PreprocessTrack>& tracks,
                                    const FeatureSpec& spec, std::int64_t threads,
                                    const std::filesystem::path& shard, const Clock& clock,
                                    const std::atomic<bool>& cancelled,
                                    PreprocessObserver& observer);

}  // namespace tutti
