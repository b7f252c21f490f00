// The folders in which attempts write what they make, and the notes beside them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <utility>
#include <vector>

#include "common/file_system.h"
#include "common/result.h"
#include "worker/daemon/attempt_id.h"
#include "worker/daemon/io_pool.h"

namespace tutti {

// Folders that are kept for the next attempts.
inline constexpr std::size_t kMaxSpareFolders = 32;

// A folder that is still as it was made when its attempt is over is the next one's: where runs last
// milliseconds, making and removing it costs as much as starting the program.
//
// Owned by the loop's thread. What cannot be removed stays, and is said in the log.
class JobFolders {
 public:
  // files outlives it and every task of the pool.
  JobFolders(FileSystem& files, IoPool& pool, std::filesystem::path jobs)
      : files_(files), pool_(pool), jobs_(std::move(jobs)) {}

  std::filesystem::path PathOf(const AttemptId& id) const { return jobs_ / FileName(id); }
  // Empty, also where an earlier daemon has left one of this name.
  Status Make(const AttemptId& id);
  // The attempt is over. ended_well: by itself, with all that it has started, and it named no file.
  void Leave(const AttemptId& id, bool ended_well);
  // Removes all others, at once.
  void RemoveAllBut(const std::vector<AttemptId>& kept);

 private:
  bool KeepForNext(const AttemptId& id);

  FileSystem& files_;
  IoPool& pool_;
  const std::filesystem::path jobs_;
  std::vector<std::filesystem::path> spare_;
  std::int64_t last_spare_ = 0;
};

}  // namespace tutti
