// One whole run: features, training with early stopping, test, weights.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "common/clock.h"
#include "common/json.h"
#include "common/result.h"
#include "worker/trainer/train_job.h"

namespace tutti {

// What a run tells while it goes on. emit: one event of the runner protocol. cancelled: asked
// between batches. log: one line for people, without its line end.
struct RunHooks {
  std::function<void(const Json& event)> emit;
  std::function<bool()> cancelled;
  std::function<void(const std::string& line)> log = [](const std::string&) {};
};

// Sets torch's thread count to the job's. Returns the `result` event; epochs and artifacts are
// emitted on the way. kInvalidArgument: the configuration cannot be trained (bad_config); also a
// loss that is no number. kDataLoss: features that do not fit (bad_data). kCancelled:
// hooks.cancelled said so. kResourceExhausted: out of memory.
Result<Json> TrainRun(const TrainJob& job, const Clock& clock, const RunHooks& hooks);

}  // namespace tutti
