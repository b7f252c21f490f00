// Blobs on this machine's disk, by hash: cache/ab/<64 hex digits>.
//
// A file is under its hash only after its bytes were checked, so a name is enough to trust it.
// There is no size limit yet; what is pinned now tells what a limit could take.
#pragma once

#include <condition_variable>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "common/file_system.h"
#include "common/result.h"

namespace tutti {

// Thread-safe. Outlives its pins.
class BlobCache {
 public:
  // Downloads a blob and checks its hash; BlobClient in the daemon. Called on the caller's thread.
  class Source {
   public:
    virtual ~Source() = default;
    virtual Status Download(const std::string& hash, const std::filesystem::path& to) = 0;
  };

  // Keeps a blob's file in place while it lives.
  class Pin {
   public:
    Pin(BlobCache& cache, std::string hash) : cache_(&cache), hash_(std::move(hash)) {}
    ~Pin();
    Pin(Pin&& other) noexcept;
    Pin& operator=(Pin&& other) = delete;

    std::filesystem::path path() const { return cache_->PathOf(hash_); }

   private:
    BlobCache* cache_;
    std::string hash_;
  };

  // Removes what an ended daemon left half downloaded.
  static Result<std::unique_ptr<BlobCache>> Open(FileSystem& files, std::filesystem::path folder);

  // From disk, or downloaded; a blob that several ask for at once is downloaded once. Blocks.
  // kInvalidArgument: no hash. Else what the source says.
  Result<Pin> Get(const std::string& hash, Source& source);
  // Takes over a file whose content has this hash (it was just uploaded); `file` is gone then.
  Status Adopt(const std::filesystem::path& file, const std::string& hash);

  // Hashes of what is here, sorted, at most `limit`.
  std::vector<std::string> Contents(std::size_t limit) const;
  // Pins that hold this blob now.
  int PinCount(const std::string& hash) const;

 private:
  BlobCache(FileSystem& files, std::filesystem::path folder)
      : files_(files), folder_(std::move(folder)) {}

  std::filesystem::path PathOf(const std::string& hash) const;
  Status Load();
  Status Fetch(const std::string& hash, Source& source);
  void Unpin(const std::string& hash);

  FileSystem& files_;
  const std::filesystem::path folder_;
  mutable std::mutex mutex_;
  std::condition_variable fetched_;
  std::set<std::string> present_;
  std::set<std::string> fetching_;
  std::map<std::string, int> pins_;
};

}  // namespace tutti
