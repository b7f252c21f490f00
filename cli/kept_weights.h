// Weights that runs have left with the coordinator.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "cli/connection.h"
#include "common/result.h"

namespace tutti {

enum class WeightsKind {
  kBest,  // of the epoch with the smallest validation loss
  kLast,
  kBestOrLast,  // best where the run kept them
};

struct KeptWeights {
  std::int64_t job = 0;
  std::string sweep;
  std::string dataset_version;  // that the run was trained on
  std::string name;             // "best" or "last"
  std::string blob_hash;
  std::int64_t size_bytes = 0;
};

// kNotFound: no such job. kInvalidArgument: it trains nothing. kFailedPrecondition: it has no
// result, or kept no such weights (keep_weights says which).
Result<KeptWeights> FindWeights(Connection& connection, std::int64_t job, WeightsKind kind);

// The run with the highest f1_macro of the sweep; empty: of the newest sweep that has a finished
// run. A tie goes to the smaller id. kNotFound: no such sweep. kFailedPrecondition: no run is
// finished.
Result<std::int64_t> BestJob(Connection& connection, std::string sweep);

}  // namespace tutti
