// Which resume file the runner of an attempt has written last, kept beside its output folder: what
// only the daemon's memory knew would be lost with it, and the file with what it knew.
//
// jobs/<job>-<attempt>.resume: {"path", "epoch"}, as the runner told them.
#pragma once

#include <filesystem>
#include <optional>

#include "common/file_system.h"
#include "common/result.h"
#include "worker/daemon/attempt_id.h"
#include "worker/daemon/runner_event.h"

namespace tutti {

Status WriteResumeNote(FileSystem& files, const std::filesystem::path& jobs, const AttemptId& id,
                       const RunnerResume& resume);
// Nothing: there is no note, it cannot be read as such, or its file is gone.
std::optional<RunnerResume> ReadResumeNote(FileSystem& files, const std::filesystem::path& jobs,
                                           const AttemptId& id);
Status RemoveResumeNote(FileSystem& files, const std::filesystem::path& jobs, const AttemptId& id);

}  // namespace tutti
