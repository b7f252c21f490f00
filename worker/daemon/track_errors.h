// Tracks that a runner could not decode, as the coordinator is told of them.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "common/result.h"
#include "tutti/v1/worker.pb.h"

namespace tutti {

// A verdict is on a track's content, which only the lease names. errors: message by track id.
// kInvalidArgument: a track that is not in the job.
Status AddTrackErrors(const v1::Lease& lease, std::map<std::int64_t, std::string> errors,
                      v1::Finished& finished);

}  // namespace tutti
