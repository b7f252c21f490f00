// The folder in which a user's own program runs: its files, laid out anew for each attempt.
#pragma once

#include <filesystem>

#include "common/result.h"
#include "common/rpc/job_line.h"
#include "tutti/v1/worker.pb.h"
#include "worker/daemon/runner_process.h"

namespace tutti {

// Copies the command's files from the cache to their places below `folder`, which is there and
// empty. kInvalidArgument: a path that is not below it. Blocks.
Status LayOutFiles(const v1::Lease::Command& command, const InputPaths& inputs,
                   const std::filesystem::path& folder);

// What to start in that folder. A program given as a relative path is the one among its files.
RunnerProgram ProgramOf(const v1::Lease::Command& command, const std::filesystem::path& folder);

}  // namespace tutti
