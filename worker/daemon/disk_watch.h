// Whether this worker's disk can hold what a job needs.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>

#include "common/file_system.h"
#include "common/result.h"
#include "worker/daemon/blob_cache.h"

namespace tutti {

inline constexpr std::uint64_t kDefaultMinFreeBytes = 256ULL << 20;

// Thread-safe as what it was given.
class DiskWatch {
 public:
  using Free = std::function<Result<std::uint64_t>()>;

  // folder: the worker's. free: room on its disk. All outlive it.
  DiskWatch(FileSystem& files, std::filesystem::path folder, Free free, BlobCache& cache,
            std::uint64_t min_free_bytes);

  // OK: there is room, after the cache has given up what is too much, and a file could be written
  // and synced. Else why no job should be taken, and what to do.
  Status Check();

 private:
  FileSystem& files_;
  const std::filesystem::path folder_;
  const Free free_;
  BlobCache& cache_;
  const std::uint64_t min_free_bytes_;
};

}  // namespace tutti
