// Undecodable tracks: a verdict on a content under a feature spec is said once and holds.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "coordinator/core/books.h"

namespace tutti {

struct BadResult {
  FailureClass failure = FailureClass::kCrashed;
  std::string message;
};

// Whether a preprocess job's result can be accepted. Nothing: it can. kCrashed: it names tracks
// that are not the job's, contradicts itself, or lacks its shard. kBadData: it says something else
// about a track than an earlier job; the message names track and worker.
std::optional<BadResult> CheckShardResult(const Books& books, const Job& job,
                                          const AttemptFinished& result, const WorkerId& worker);

// Keeps and stores the verdicts of an accepted result that were not there yet.
void KeepVerdicts(Books& books, Batch& batch, const Job& job, const AttemptFinished& result);

}  // namespace tutti
