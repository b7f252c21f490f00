// A blob on its way into the store: hashed while it arrives, named when it is whole.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "common/file_system.h"
#include "common/hash.h"
#include "common/result.h"
#include "coordinator/blobs/blob_store.h"

namespace tutti {

// Made by BlobStore::BeginUpload. Used by one thread at a time. Destroying it before a successful
// Commit leaves nothing behind. The store must outlive it.
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

  const std::string& hash() const { return hash_; }
  std::int64_t size_bytes() const { return size_bytes_; }  // of the whole
  std::int64_t received_bytes() const { return received_bytes_; }
  // It waits for more bytes.
  bool is_part() const { return file_ != nullptr && received_bytes_ < size_bytes_; }

 private:
  friend class BlobStore;
  BlobUpload(BlobStore& store, std::string hash, std::int64_t size_bytes,
             std::filesystem::path temp, std::unique_ptr<AppendFile> file);
  Status Over() const;
  Status Finish();
  void Discard();

  BlobStore& store_;
  const std::string hash_;
  const std::int64_t size_bytes_;
  const std::filesystem::path temp_;
  std::unique_ptr<AppendFile> file_;  // null: over
  Sha256 arrived_;
  std::int64_t received_bytes_ = 0;
};

}  // namespace tutti
