// The control group (version 2) that this process is in.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "common/file_system.h"

namespace tutti {

// Its path below /sys/fs/cgroup, without a slash in front; nothing without the unified hierarchy.
// root: "/" but in tests.
std::optional<std::string> OwnControlGroup(FileSystem& files, const std::filesystem::path& root);

}  // namespace tutti
