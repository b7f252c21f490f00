// `tutti-coordinator backup DIR`, `restore DIR` and `check`: what each prints, and its exit code.
#pragma once

#include <filesystem>
#include <iosfwd>

#include "common/clock.h"
#include "common/file_system.h"
#include "common/result.h"

namespace tutti {

// 0: all is well; 1: findings, told on `out`. Waits while blobs are removed or a backup is made.
Result<int> CheckCommand(FileSystem& files, const Clock& clock, const std::filesystem::path& state,
                         std::ostream& out);
Result<int> BackupCommand(FileSystem& files, const std::filesystem::path& state,
                          const std::filesystem::path& target, std::ostream& out);
// Only a backup that passes the check is restored: else 1.
Result<int> RestoreCommand(FileSystem& files, const Clock& clock,
                           const std::filesystem::path& backup, const std::filesystem::path& state,
                           std::ostream& out);

}  // namespace tutti
