// Blobs on this machine's disk, by hash: cache/ab/<64 hex digits>.
//
// A file is under its hash only after its bytes were checked, so a name is enough to trust it. When
// the blobs are more than the limit together, those used longest ago go first. A pinned one never
// goes: pins and downloads on their way may pass the limit, and the end of a pin mends that. A
// file's modification time is its last use, so that the order outlives the daemon.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/clock.h"
#include "common/file_system.h"
#include "common/result.h"

namespace tutti {

inline constexpr std::uint64_t kDefaultCacheLimitBytes = 50'000'000'000;

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

  // Removes what an ended daemon left half downloaded, and what is above the limit.
  static Result<std::unique_ptr<BlobCache>> Open(
      FileSystem& files, const Clock& clock, std::filesystem::path folder,
      std::uint64_t limit_bytes = kDefaultCacheLimitBytes);

  // From disk, or downloaded; a blob that several ask for at once is downloaded once. Blocks.
  // kInvalidArgument: no hash. Else what the source says.
  Result<Pin> Get(const std::string& hash, Source& source);
  // Takes over a file whose content has this hash (it was just uploaded); `file` is gone then.
  // Nothing pins it, so that it stays only as far as the limit allows.
  Status Adopt(const std::filesystem::path& file, const std::string& hash);

  // Lets at least so many bytes go, those used longest ago first; less where the rest is in use.
  void FreeUp(std::uint64_t bytes);

  // Hashes of what is here, sorted, at most `limit`.
  std::vector<std::string> Contents(std::size_t limit) const;
  // Of all blobs together.
  std::uint64_t size_bytes() const;
  // Pins that hold this blob now.
  int PinCount(const std::string& hash) const;

 private:
  using UseTime = std::filesystem::file_time_type;
  struct Blob {
    std::uint64_t size_bytes = 0;
    int pins = 0;
    UseTime used{};
  };

  BlobCache(FileSystem& files, const Clock& clock, std::filesystem::path folder,
            std::uint64_t limit_bytes)
      : files_(files), clock_(clock), folder_(std::move(folder)), limit_bytes_(limit_bytes) {}

  std::filesystem::path PathOf(const std::string& hash) const;
  Status Load();
  Status LoadBlob(const std::string& hash);
  Status Fetch(const std::string& hash, Source& source);
  Status TakeOver(const std::filesystem::path& file, const std::string& hash);
  void Unpin(const std::string& hash);

  // ---- With mutex_ held.
  Status Add(const std::string& hash);   // its file is there
  void Pinned(const std::string& hash);  // one pin more
  void MarkUsed(const std::string& hash, Blob& blob);
  void Shrink() { ShrinkTo(limit_bytes_); }
  void ShrinkTo(std::uint64_t bytes);

  FileSystem& files_;
  const Clock& clock_;
  const std::filesystem::path folder_;
  const std::uint64_t limit_bytes_;
  mutable std::mutex mutex_;
  std::condition_variable fetched_;
  std::map<std::string, Blob> blobs_;
  std::set<std::pair<UseTime, std::string>> may_go_;  // unpinned ones, the one to go first in front
  std::set<std::string> fetching_;                    // their files are somebody's to write
  std::uint64_t size_bytes_ = 0;
  UseTime last_use_{};
};

}  // namespace tutti
