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
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/clock.h"
#include "common/file_system.h"
#include "common/result.h"
#include "common/unique_fd.h"

namespace tutti {

struct BlobStoreOptions {
  std::int64_t max_blob_bytes = 64LL << 30;
};

// Blobs lie in folders by the first byte of their hash.
inline constexpr int kBlobFolders = 256;

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

  // For reading alone, also while a coordinator runs: makes and removes nothing.
  static std::unique_ptr<const BlobStore> OpenForReading(FileSystem& files,
                                                         std::filesystem::path folder);

  // True: it is there and would survive a power loss. One that is just being named counts as
  // missing until its name is durable.
  Result<bool> Has(std::string_view hash) const;
  // kInvalidArgument: a negative size, or one over max_blob_bytes.
  Result<std::unique_ptr<BlobUpload>> BeginUpload(std::string_view hash, std::int64_t size_bytes);
  // kNotFound: no such blob.
  Result<OpenBlob> OpenForRead(std::string_view hash) const;
  // The whole blob, its hash checked (kDataLoss: the disk changed it). For small ones: manifests.
  Result<std::string> Read(std::string_view hash) const;
  // Where the blob is, or would be.
  Result<std::filesystem::path> Path(std::string_view hash) const;

  // Hashes of the blobs in one of the kBlobFolders folders, sorted; other names there are left out.
  Result<std::vector<std::string>> List(int folder) const;
  // When its bytes were written. kNotFound: no such blob.
  Result<UnixMillis> WrittenAt(std::string_view hash) const;
  // Takes the blob's name away, at once however big it is, and gives the file to Discard. After a
  // power loss the blob may be back. kNotFound: no such blob.
  Result<std::filesystem::path> Retire(std::string_view hash);
  Status Discard(const std::filesystem::path& retired) { return files_.Remove(retired); }

 private:
  BlobStore(FileSystem& files, std::filesystem::path folder, const BlobStoreOptions& options);
  // Gives the finished file its name, durably.
  friend class BlobUpload;
  Status Place(const std::filesystem::path& temp, const std::string& hash);
  // DIR/ab, its own name in DIR durable.
  Result<std::filesystem::path> FolderOf(const std::string& hash);
  // What an earlier process named and was killed before it had synced.
  Status SyncFolders();

  FileSystem& files_;
  const std::filesystem::path folder_;
  const BlobStoreOptions options_;
  std::atomic<std::uint64_t> uploads_begun_{0};
  // By the first byte of the hashes within: folders that a power loss no longer takes away.
  std::array<std::atomic<bool>, kBlobFolders> durable_folders_{};

  // Names that are perhaps visible and not yet durable.
  mutable std::mutex naming_mutex_;
  std::map<std::string, int> being_named_;  // by how many uploads
  std::set<std::string> named_in_vain_;     // their sync failed
};

}  // namespace tutti
