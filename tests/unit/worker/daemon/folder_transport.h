// A coordinator's blobs in a folder, for tests that need no network.
#pragma once

#include <atomic>
#include <filesystem>
#include <string>
#include <vector>

#include "common/file_system.h"
#include "common/hash.h"
#include "worker/daemon/blob_transport.h"

namespace tutti {

// Thread-safe.
class FolderTransport final : public BlobTransport {
 public:
  explicit FolderTransport(std::filesystem::path folder) : folder_(std::move(folder)) {
    std::filesystem::create_directories(folder_);
  }

  std::string Put(const std::string& bytes) {
    const std::string hash = Sha256Hex(bytes);
    Store(bytes, hash);
    return hash;
  }
  std::string Read(const std::string& hash) {
    const auto bytes = files_.ReadFile(folder_ / hash);
    return bytes.ok() ? *bytes : "(no such blob)";
  }

  Status Download(const std::string& hash, const std::filesystem::path& to) override {
    if (failures_left > 0 && failures_left-- > 0) return Unavailable("no coordinator answers");
    TUTTI_ASSIGN_OR_RETURN(const std::string bytes, files_.ReadFile(folder_ / hash));
    return files_.WriteFileAtomically(to, bytes, 0600);
  }
  Result<std::vector<std::string>> FindMissing(const std::vector<std::string>& hashes) override {
    if (failures_left > 0 && failures_left-- > 0) return Unavailable("no coordinator answers");
    std::vector<std::string> missing;
    for (const std::string& hash : hashes) {
      if (!files_.Exists(folder_ / hash)) missing.push_back(hash);
    }
    return missing;
  }
  Status Upload(const std::filesystem::path& path, const std::string& hash) override {
    ++uploads;
    TUTTI_ASSIGN_OR_RETURN(const std::string bytes, files_.ReadFile(path));
    if (Sha256Hex(bytes) != hash) return DataLoss("another hash");
    Store(bytes, hash);
    return {};
  }

  std::atomic<int> uploads = 0;
  std::atomic<int> failures_left = 0;  // of the next calls

 private:
  void Store(const std::string& bytes, const std::string& hash) {
    (void)files_.WriteFileAtomically(folder_ / hash, bytes, 0600);
  }

  PosixFileSystem files_;
  std::filesystem::path folder_;
};

}  // namespace tutti
