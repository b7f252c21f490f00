// Parsed manifests of dataset versions, read from the blob store once.
#pragma once

#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "common/manifest.h"
#include "common/result.h"
#include "coordinator/blobs/blob_store.h"

namespace tutti {

// Thread-safe.
class ManifestCache {
 public:
  explicit ManifestCache(BlobStore& blobs) : blobs_(blobs) {}

  // kNotFound: no blob of that hash. kInvalidArgument: the blob is no manifest.
  Result<std::shared_ptr<const Manifest>> Get(const std::string& version);

 private:
  static constexpr std::size_t kCapacity = 8;

  BlobStore& blobs_;
  std::mutex mutex_;
  std::list<std::pair<std::string, std::shared_ptr<const Manifest>>> newest_first_;
};

}  // namespace tutti
