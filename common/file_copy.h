// A second name for a file, or a copy where there can be none.
#pragma once

#include <filesystem>

#include "common/result.h"

namespace tutti {

enum class CopyKind { kLink, kCopy };

// The file's bytes under `to`, synced, with permission bits `mode`; its name is not durable before
// its folder is synced. kAlreadyExists: `to` is there. kNotFound: `from` is not.
Status CopyFileDurably(const std::filesystem::path& from, const std::filesystem::path& to,
                       unsigned mode);

// For files that never change: a hard link; a copy (0600) where the file system has none to give,
// or `to` lies on another one. Errors as CopyFileDurably.
Result<CopyKind> LinkOrCopy(const std::filesystem::path& from, const std::filesystem::path& to);

}  // namespace tutti
