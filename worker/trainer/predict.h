// Classes of songs by a checkpoint: job kind `predict`.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "common/clock.h"
#include "common/json.h"
#include "common/result.h"
#include "worker/trainer/checkpoint_facts.h"
#include "worker/trainer/kept_model.h"
#include "worker/trainer/train_run.h"

namespace tutti {

struct PredictJob {
  std::filesystem::path weights;  // a checkpoint; it says model, classes, slices, feature spec
  std::string weights_hash;       // of the file's content; empty: not known
  WeightsOrigin origin;           // that the checkpoint must have
  std::vector<JobTrack> tracks;   // labels mean nothing here
  std::int64_t threads = 1;
  std::string device = "cpu";
  std::filesystem::path slices;  // JSON of each slice's probabilities goes there; empty: nowhere
};

// "slices": true writes {"slices": [[softmax per class]]}, song by song, to slices.json in
// "output_dir", in place of predictions. Of the job line only these, kind, weights, tracks (id,
// path, shard, row, content_hash where known), threads, device and, where they are there,
// weights_hash, feature_spec.hash and dataset.version are looked at. kInvalidArgument: one of them
// is missing or of another type; no tracks.
Result<PredictJob> ParsePredictJob(const Json& line);

// Sets torch's thread count to the job's. Returns the `result` event, its predictions in the order
// of the tracks: {track, predicted, votes: slices per class, probabilities: mean softmax per class
// over the slices}. Slices and votes are those of the run's own test.
// kDataLoss (bad_data): a checkpoint that is none or is damaged, tensors of another model, weights
// of another feature spec or dataset version than the job names, a shard under another spec.
// kInvalidArgument (bad_config): a slice that is longer than the clip, a model that this build does
// not have, a device that is not there. kCancelled: hooks.cancelled said so.
Result<Json> PredictRun(const PredictJob& job, const Clock& clock, const RunHooks& hooks,
                        KeptModel& kept);

}  // namespace tutti
