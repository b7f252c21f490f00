// The folders in which attempts write what they make, and the notes beside them.
#pragma once

#include <filesystem>
#include <vector>

#include "common/file_system.h"
#include "common/result.h"
#include "worker/daemon/attempt_id.h"

namespace tutti {

// Empty, also where an earlier daemon has left one of this name.
Status MakeJobFolder(FileSystem& files, const std::filesystem::path& folder);

// What cannot be removed stays, and is said in the log.
void RemoveJobFolder(FileSystem& files, const std::filesystem::path& jobs, const AttemptId& id);
void RemoveJobFoldersBut(FileSystem& files, const std::filesystem::path& jobs,
                         const std::vector<AttemptId>& kept);

}  // namespace tutti
