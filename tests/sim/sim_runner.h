// What a simulated runner computes: numbers that are a pure function of the lease, so that a run
// which went on from a resume file can be told from one that did not end with the same weights.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tutti/v1/worker.pb.h"

namespace tutti {

inline constexpr int kSimEpochs = 8;

// Of all that a result may depend on: configuration, features, tracks, shards, split. The same for
// every attempt at a job.
std::string IdentityOf(const v1::Lease& lease);

// A training between two epochs. The next epoch needs every part: with one forgotten, other weights
// come out.
struct SimTraining {
  std::int32_t epoch = 0;
  std::uint64_t weights = 0;
  std::uint64_t optimiser = 0;
  std::uint64_t generator = 0;

  friend bool operator==(const SimTraining&, const SimTraining&) = default;
};

SimTraining BeginTraining(std::string_view identity);
SimTraining AfterNextEpoch(const SimTraining& training);

std::string ToResumeFile(const SimTraining& training, std::string_view identity);
// Nothing: of another run, or damaged.
std::optional<SimTraining> FromResumeFile(std::string_view text, std::string_view identity);

// The result of a whole training that nothing disturbed.
struct SimResult {
  double f1_macro = 0;
  std::string weights;  // the checkpoint's bytes
};
SimResult ResultOf(const SimTraining& training);
SimResult UndisturbedResult(std::string_view identity);

// The features of a shard's tracks.
std::string ShardBytes(std::string_view identity);

}  // namespace tutti
