// Blobs to and from the coordinator, as the daemon needs them: BlobClient behind interfaces that
// tests replace by a folder.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "common/rpc/blob_transfer.h"
#include "worker/daemon/blob_cache.h"

namespace tutti {

// Thread-safe; calls block.
class BlobTransport : public BlobCache::Source {
 public:
  virtual Result<std::vector<std::string>> FindMissing(const std::vector<std::string>& hashes) = 0;
  virtual Status Upload(const std::filesystem::path& path, const std::string& hash) = 0;
};

class GrpcBlobTransport final : public BlobTransport {
 public:
  explicit GrpcBlobTransport(BlobClient client) : client_(std::move(client)) {}

  Status Download(const std::string& hash, const std::filesystem::path& to) override {
    return client_.DownloadFile(hash, to);
  }
  Result<std::vector<std::string>> FindMissing(const std::vector<std::string>& hashes) override {
    return client_.FindMissing(hashes);
  }
  Status Upload(const std::filesystem::path& path, const std::string& hash) override {
    return client_.UploadFile(path, hash);
  }

 private:
  BlobClient client_;
};

}  // namespace tutti
