// A run done again on this machine, from its audio: tutti-preprocess, then tutti-train, as
// children.
#pragma once

#include <filesystem>

#include "cli/connection.h"
#include "common/json.h"
#include "common/result.h"
#include "tutti/v1/worker.pb.h"

namespace tutti {

// lease: what its worker was told. Audio is fetched into `folder`, features and weights are made
// there. Returns the trainer's `result` event. Errors as CallRunner; kNotFound: the coordinator
// does not have the audio (a dataset that stays in place).
Result<Json> ReplayRun(Context& context, Connection& connection, const v1::Lease& lease,
                       const std::filesystem::path& folder);

}  // namespace tutti
