// Content-addressed files: a blob's only name is its SHA-256, and no other text of a client ever
// becomes part of a path.
//
// DIR/ab/<hash> holds a blob (ab: the hash's first two digits), DIR/incoming what is still
// arriving.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "common/file_system.h"
#include "common/hash.h"
#include "common/result.h"
#include "common/unique_fd.h"

namespace tutti {

struct BlobStoreOptions {
  std::int64_t max_blob_bytes = 64LL << 30;
};

// One blob on its way in. Used by one thread at a time. Destroying it before a successful Commit
// leaves nothing behind.
class BlobUpload {
 public:
  ~BlobUpload();
  BlobUpload(const BlobUpload&) = delete;
  BlobUpload& operator=(const BlobUpload&) = delete;

  // kInvalidArgument: more bytes than announced. kResourceExhausted: the disk is full. After an
  // error the upload is over and its bytes are gone.
  Status Append(std::string_view piece);
  // When it returns OK the blob survives a power loss. kInvalidArgument: fewer bytes than
  // announced. kDataLoss: the bytes have another hash. Call once, last.
  Status Commit();

 private:
  friend class BlobStore;
  struct Target {
    std::string hash;
    std::int64_t size_bytes = 0;
    std::filesystem::path temp;
    std::filesystem::path final;
  };
  BlobUpload(FileSystem& files, Target target, std::unique_ptr<AppendFile> file);
  Status Finish();
  void Discard();

  FileSystem& files_;
  Target target_;
  std::unique_ptr<AppendFile> file_;  // null: over
  Sha256 hash_;
  std::int64_t received_bytes_ = 0;
};

// A blob to read. The descriptor stays good when the blob is removed meanwhile.
struct OpenBlob {
  UniqueFd fd;
  std::int64_t size_bytes = 0;
};

// Thread-safe; uploads of the same hash may run at the same time. Every method that takes a hash:
// kInvalidArgument when it is not 64 lower-case hex digits.
class BlobStore {
 public:
  // Makes the folders where missing and removes what earlier uploads left half done; the caller
  // holds the state folder's lock. `files` must outlive the store and its uploads.
  static Result<std::unique_ptr<BlobStore>> Open(FileSystem& files, std::filesystem::path folder,
                                                 const BlobStoreOptions& options = {});

  Result<bool> Has(std::string_view hash) const;
  // kInvalidArgument: a negative size, or one over max_blob_bytes.
  Result<std::unique_ptr<BlobUpload>> BeginUpload(std::string_view hash, std::int64_t size_bytes);
  // kNotFound: no such blob.
  Result<OpenBlob> OpenForRead(std::string_view hash) const;
  // The whole blob, its hash checked (kDataLoss: the disk changed it). For small ones: manifests.
  Result<std::string> Read(std::string_view hash) const;
  // Where the blob is, or would be.
  Result<std::filesystem::path> Path(std::string_view hash) const;

 private:
  BlobStore(FileSystem& files, std::filesystem::path folder, const BlobStoreOptions& options);
  Status MakeFolders();

  FileSystem& files_;
  const std::filesystem::path folder_;
  const BlobStoreOptions options_;
  std::atomic<std::uint64_t> uploads_begun_{0};
};

}  // namespace tutti
