#include "coordinator/rpc/manifest_cache.h"

#include <algorithm>

#include "coordinator/rpc/limits.h"

namespace tutti {

Result<std::shared_ptr<const Manifest>> ManifestCache::Get(const std::string& version) {
  {
    const std::lock_guard lock(mutex_);
    const auto found =
        std::ranges::find(newest_first_, version, [](const auto& e) { return e.first; });
    if (found != newest_first_.end()) {
      newest_first_.splice(newest_first_.begin(), newest_first_, found);
      return newest_first_.front().second;
    }
  }
  TUTTI_ASSIGN_OR_RETURN(const OpenBlob blob, blobs_.OpenForRead(version));
  if (blob.size_bytes > kMaxManifestBytes) {
    return InvalidArgument("manifest " + version + ": " + std::to_string(blob.size_bytes) +
                           " bytes, at most " + std::to_string(kMaxManifestBytes));
  }
  TUTTI_ASSIGN_OR_RETURN(const std::string text, blobs_.Read(version));
  TUTTI_ASSIGN_OR_RETURN(Manifest manifest, ParseManifest(text));
  auto shared = std::make_shared<const Manifest>(std::move(manifest));
  const std::lock_guard lock(mutex_);
  newest_first_.emplace_front(version, shared);
  if (newest_first_.size() > kCapacity) newest_first_.pop_back();
  return shared;
}

}  // namespace tutti
