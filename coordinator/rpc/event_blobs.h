// The blobs that a worker's events name, and what becomes of an event whose blobs are not here.
#pragma once

#include <string>
#include <vector>

#include "coordinator/core/core.h"

namespace tutti {

// Hashes; the same may be there more than once.
std::vector<std::string> BlobsNamedBy(const WorkerFrame& frame);

// After a restore from a backup a worker may speak of blobs that only the lost state had. No row
// may name them: a result becomes a failure that is tried again, a resume file changes nothing.
void ReplaceEventsWithout(const std::vector<std::string>& missing, WorkerFrame& frame);

}  // namespace tutti
