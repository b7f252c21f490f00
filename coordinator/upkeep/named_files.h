// Every blob that the stored rows name, the tracks of manifests included.
#pragma once

#include <vector>

#include "common/result.h"
#include "coordinator/blobs/blob_store.h"
#include "coordinator/core/digest.h"
#include "coordinator/store/store.h"

namespace tutti {

// Sorted, each once. A manifest that cannot be read is an error: nobody knows then what it names.
Result<std::vector<Digest>> FilesNamedBy(const NamedBlobs& rows, const BlobStore& blobs);

}  // namespace tutti
