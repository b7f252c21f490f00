// Whether a worker can be given a job now, and what stands in the way: the one place that decides
// it, for the scheduler as for whoever asks why a job waits.
#pragma once

#include <string>
#include <vector>

#include "common/json.h"
#include "coordinator/core/books.h"
#include "coordinator/core/situation.h"

namespace tutti {

// A job that was tried before waits at most so long for the worker that it is to go to first, or
// for another one than the worker that it failed on.
inline constexpr std::chrono::milliseconds kRetryPlaceLimit{30'000};

// Whatever the job.
Obstacle ObstacleOf(const Worker& worker, SteadyTime now);
// Of this job, first by what will not pass by itself. Slots are looked at last.
Obstacle ObstacleFor(const Books& books, const Job& job, const Worker& worker, SteadyTime now);

// Of a run's configuration: tf32 and bf16 are a GPU's.
bool NeedsGpu(const Json& config);

// The root of the in-place dataset that a preprocess job reads; empty: it reads blobs.
const std::string& DataRootOf(const Books& books, const Job& job);

// Where a run may go on a worker some of whose GPUs are not trusted.
struct DevicePlace {
  std::string device;                // that it has to take; empty: the worker chooses
  std::vector<std::string> avoided;  // that it must not choose
};
// Of a run that ObstacleFor lets through.
DevicePlace PlaceOn(const Books& books, const Job& job, const Worker& worker, SteadyTime now);

// True where it has every shard that the run reads.
bool HoldsFeatures(const Books& books, const Job& job, const Worker& worker);

}  // namespace tutti
