#include "coordinator/upkeep/collection.h"

#include <algorithm>

#include "common/check.h"
#include "coordinator/upkeep/named_files.h"

namespace tutti {

Result<Collection> Collection::Begin(FileSystem& files, const std::filesystem::path& state,
                                     BlobStore& blobs, BlobKeeper& keeper,
                                     const std::optional<LiveAttempts>& live) {
  TUTTI_ASSIGN_OR_RETURN(auto lock, files.Lock(state / kBlobsLock));
  keeper.BeginCollection(live);
  return Collection(blobs, keeper, std::move(lock));
}

Status Collection::ReadNames(StoreReader& reader) {
  TUTTI_ASSIGN_OR_RETURN(const NamedBlobs rows, reader.NamedBlobs());
  TUTTI_ASSIGN_OR_RETURN(named_, FilesNamedBy(rows, *blobs_));
  report_.named = std::ssize(named_);
  names_read_ = true;
  return {};
}

Status Collection::RemoveFrom(int folder) {
  TUTTI_CHECK(names_read_, "a collection that does not know what is named");
  TUTTI_ASSIGN_OR_RETURN(const std::vector<std::string> hashes, blobs_->List(folder));
  for (const std::string& hash : hashes) {
    if (std::ranges::binary_search(named_, *DigestFromHex(hash))) continue;
    const Result<OpenBlob> blob = blobs_->OpenForRead(hash);
    TUTTI_ASSIGN_OR_RETURN(const bool removed, keeper_->RemoveUnnamed(hash));
    ++(removed ? report_.removed : report_.kept);
    if (removed && blob.ok()) report_.removed_bytes += blob->size_bytes;
  }
  return {};
}

}  // namespace tutti
