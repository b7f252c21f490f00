// One garbage collection: what no row names and nobody holds goes, folder by folder.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include "common/file_system.h"
#include "common/result.h"
#include "coordinator/blobs/blob_keeper.h"
#include "coordinator/blobs/blob_store.h"
#include "coordinator/core/digest.h"
#include "coordinator/store/store.h"

namespace tutti {

// Who removes blobs, and who copies them elsewhere, holds this lock of the state folder: blobs that
// a backup's rows name are still there when it comes to them.
inline constexpr std::string_view kBlobsLock = "blobs.lock";

struct CollectionReport {
  std::int64_t named = 0;
  std::int64_t kept = 0;  // without a name yet
  std::int64_t removed = 0;
  std::int64_t removed_bytes = 0;
};

// In this order: Begin, ReadNames, RemoveFrom(0) … RemoveFrom(kBlobFolders - 1). It may be left off
// anywhere. Owned by one thread.
class Collection {
 public:
  // blobs and keeper must outlive it. kFailedPrecondition: a backup is being made.
  static Result<Collection> Begin(FileSystem& files, const std::filesystem::path& state,
                                  BlobStore& blobs, BlobKeeper& keeper,
                                  const std::optional<LiveAttempts>& live);
  // An error (a manifest that cannot be read): nothing may be removed.
  Status ReadNames(StoreReader& reader);
  Status RemoveFrom(int folder);

  const CollectionReport& report() const { return report_; }

 private:
  Collection(BlobStore& blobs, BlobKeeper& keeper, std::unique_ptr<FileLock> lock)
      : blobs_(&blobs), keeper_(&keeper), lock_(std::move(lock)) {}

  BlobStore* blobs_;
  BlobKeeper* keeper_;
  std::unique_ptr<FileLock> lock_;
  std::vector<Digest> named_;
  bool names_read_ = false;
  CollectionReport report_;
};

}  // namespace tutti
