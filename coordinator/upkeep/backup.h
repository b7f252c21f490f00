// A state folder's backup, and a state folder from a backup.
#pragma once

#include <cstdint>
#include <filesystem>

#include "common/file_system.h"
#include "common/result.h"

namespace tutti {

struct BackupReport {
  std::int64_t blobs = 0;
  std::int64_t blob_bytes = 0;
  std::int64_t linked = 0;  // of the blobs; the others were copied
};

// A snapshot of the database with every blob that it names, in a new folder `target`, which gets
// its name when all of it is durable. Also while a coordinator runs on the state folder: it goes
// on, but removes no blob meanwhile. Blobs are hard links on the same file system: such a backup
// protects from mistakes, not from the disk. kNotFound: there is no state, or a blob that the
// database names is not there. kFailedPrecondition: `target` is not empty.
Result<BackupReport> BackUpState(FileSystem& files, const std::filesystem::path& state,
                                 const std::filesystem::path& target);

// A new state folder from a backup that the caller has checked. Errors as BackUpState.
Result<BackupReport> RestoreState(FileSystem& files, const std::filesystem::path& backup,
                                  const std::filesystem::path& state);

}  // namespace tutti
