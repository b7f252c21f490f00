// What uploads that broke off have brought: kept for a while, so that the next one goes on there.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "common/clock.h"
#include "coordinator/blobs/blob_upload.h"

namespace tutti {

struct BlobPartsOptions {
  std::size_t most_of_a_client = 16;  // beyond these the oldest goes
  std::size_t most = 256;
  std::chrono::milliseconds age = std::chrono::hours(24);
};

// A part is its upload, asleep: file, hash so far and all; so none outlives the process, and what
// it leaves on the disk goes at the next start. One client gets no part of another, since its bytes
// are believed only when the whole has the right hash. Thread-safe.
class BlobParts {
 public:
  // clock, and the store of the uploads, must outlive it.
  explicit BlobParts(const Clock& clock, const BlobPartsOptions& options = {})
      : clock_(clock), options_(options) {}

  // Bytes of the blob that are kept; 0: none.
  std::int64_t SizeOf(const std::string& client, const std::string& hash) const;
  // An upload that is neither over nor whole. An earlier part of the same goes.
  void Keep(const std::string& client, std::unique_ptr<BlobUpload> upload);
  // Null: there is none.
  std::unique_ptr<BlobUpload> Take(const std::string& client, const std::string& hash);
  void RemoveOld();

 private:
  using Name = std::pair<std::string, std::string>;  // client, hash
  struct Part {
    std::unique_ptr<BlobUpload> upload;
    SteadyTime kept_at;
  };
  using Parts = std::map<Name, Part>;

  // Of one client, or of all; end() where there are not more than `most`.
  Parts::iterator OldestBeyond(std::size_t most, const std::string* client);

  const Clock& clock_;
  const BlobPartsOptions options_;
  mutable std::mutex mutex_;
  Parts parts_;
};

}  // namespace tutti
