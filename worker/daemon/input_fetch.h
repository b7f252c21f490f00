// What a job reads, brought into the cache and held there.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <string>

#include "common/result.h"
#include "tutti/v1/worker.pb.h"
#include "worker/daemon/blob_cache.h"
#include "worker/daemon/blob_transport.h"
#include "worker/daemon/data_roots.h"

namespace tutti {

using InputPins = std::map<std::string, BlobCache::Pin>;  // by hash

// Audio of a dataset in place comes from its folder where the operator named it; else from the
// coordinator, which may have the same content from another dataset. Blocks; looks at `stopped`
// between two blobs. kCancelled: stopped. kFailedPrecondition: the operator has to name the
// folder, or let this user read it. Else what InPlaceSource and the transport say.
Result<std::shared_ptr<InputPins>> FetchInputs(const v1::Lease& lease, BlobCache& cache,
                                               BlobTransport& blobs, const DataRoots& roots,
                                               const std::atomic<bool>& stopped);

}  // namespace tutti
