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
// there. data_root: where the files of a dataset in place are on this machine; empty: where they
// were registered. Returns the trainer's `result` event. Errors as CallRunner and CopyAudioInPlace.
Result<Json> ReplayRun(Context& context, Connection& connection, const v1::Lease& lease,
                       const std::filesystem::path& data_root, const std::filesystem::path& folder);

}  // namespace tutti
