// The features of a job's tracks, read in place from mapped shards: all runners on a machine share
// the pages.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "common/result.h"
#include "common/safetensors.h"
#include "worker/trainer/train_job.h"

namespace tutti {

// Spectrograms by position in the job's track list. Safe to read from many threads.
class Features {
 public:
  // kDataLoss, naming shard or track: a shard made under another feature spec, of another shape, a
  // row that holds another track's content, a value that is NaN or infinite.
  static Result<Features> Open(const TrainJob& job);

  std::int64_t n_mels() const { return n_mels_; }
  std::int64_t frames() const { return frames_; }
  // [n_mels × frames], row-major.
  std::span<const float> Of(std::size_t position) const { return tracks_[position]; }

 private:
  std::int64_t n_mels_ = 0;
  std::int64_t frames_ = 0;
  std::vector<std::shared_ptr<const SafetensorsFile>> shards_;
  std::vector<std::span<const float>> tracks_;
};

}  // namespace tutti
