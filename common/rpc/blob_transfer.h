// Files to and from the coordinator's blob store, by hash.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "tutti/v1/blob.grpc.pb.h"

namespace tutti {

// One authenticated user of the blob service. Calls block; thread-safe.
class BlobClient {
 public:
  BlobClient(std::shared_ptr<v1::BlobService::StubInterface> stub, std::string token)
      : stub_(std::move(stub)), token_(std::move(token)) {}

  // Which of these hashes the coordinator lacks, in the order given.
  Result<std::vector<std::string>> FindMissing(const std::vector<std::string>& hashes);
  // The file's content must have this hash; the coordinator checks it. OK when it has the blob
  // already. What an upload that broke off has brought is not sent again.
  Status UploadFile(const std::filesystem::path& path, const std::string& hash);
  Status UploadBytes(std::string_view bytes, const std::string& hash);
  // Writes `to` (a PartFile beside it, hash checked, fsync, rename). One that breaks off leaves
  // what came, and the next goes on there. kDataLoss: the bytes had another hash.
  Status DownloadFile(const std::string& hash, const std::filesystem::path& to);
  Result<std::string> DownloadBytes(const std::string& hash);

 private:
  std::shared_ptr<v1::BlobService::StubInterface> stub_;
  std::string token_;
};

}  // namespace tutti
