// Room on a disk.
#pragma once

#include <cstdint>
#include <filesystem>

#include "common/result.h"

namespace tutti {

// Bytes that this user can still write to the file system that holds `path`.
Result<std::uint64_t> FreeBytes(const std::filesystem::path& path);

}  // namespace tutti
