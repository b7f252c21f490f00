#include "coordinator/rpc/manifest_cache.h"

#include <algorithm>

#include "common/file_system.h"
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
  if (!blobs_.Has(version)) return NotFound("manifest " + version + " is not in the blob store");
  PosixFileSystem files;
  TUTTI_ASSIGN_OR_RETURN(const std::filesystem::path path, blobs_.Path(version));
  TUTTI_ASSIGN_OR_RETURN(const std::uint64_t size, files.FileSize(path));
  if (size > kMaxManifestBytes) {
    return InvalidArgument("manifest " + version + ": " + std::to_string(size) +
                           " bytes, at most " + std::to_string(kMaxManifestBytes));
  }
  TUTTI_ASSIGN_OR_RETURN(const std::string text, files.ReadFile(path));
  TUTTI_ASSIGN_OR_RETURN(Manifest manifest, ParseManifest(text));
  auto shared = std::make_shared<const Manifest>(std::move(manifest));
  const std::lock_guard lock(mutex_);
  newest_first_.emplace_front(version, shared);
  if (newest_first_.size() > kCapacity) newest_first_.pop_back();
  return shared;
}

}  // namespace tutti
