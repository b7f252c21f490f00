// Content-addressed files: a blob's only name is its SHA-256, and no other text of a client ever
// becomes part of a path.
//
// DIR/ab/<hash> holds a blob (ab: the hash's first two digits), DIR/incoming what is still
// arriving.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "common/file_system.h"
#include "common/result.h"
#include "common/unique_fd.h"

namespace tutti {

struct BlobStoreOptions {
  std::int64_t max_blob_bytes = 64LL << 30;
};

class BlobUpload;

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
  // Gives the finished file its name, durably.
  friend class BlobUpload;
  Status Place(const std::filesystem::path& temp, const std::string& hash);
  // DIR/ab, its own name in DIR durable.
  Result<std::filesystem::path> FolderOf(const std::string& hash);

  FileSystem& files_;
  const std::filesystem::path folder_;
  const BlobStoreOptions options_;
  std::atomic<std::uint64_t> uploads_begun_{0};
  // By the first byte of the hashes within: folders that a power loss no longer takes away.
  std::array<std::atomic<bool>, 256> durable_folders_{};
};

}  // namespace tutti
