// Whose tokens a word of tutti revoke ends.
#pragma once

#include <string>
#include <vector>

#include "common/result.h"
#include "coordinator/core/records.h"
#include "coordinator/rpc/worker_names.h"

namespace tutti {

// word: a worker's id, or its name as `tutti workers` shows it (`shown`; what has not connected yet
// has the name that it was enrolled with), or the name of a person or an invite. kNotFound: nobody
// of this name has a token. kFailedPrecondition: several workers have this name, or a worker and a
// person (their ids are named); or it is the coordinator's own admin profile.
Result<std::vector<TokenRecord>> TokensToRevoke(const std::vector<TokenRecord>& all,
                                                const WorkerNames& shown, const std::string& word);

// Names of the coordinator's own profiles, which nobody else may have.
bool IsReservedName(const std::string& name);

}  // namespace tutti
