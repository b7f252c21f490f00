// Audio of a dataset that stays where it is (dataset add --in-place), read on this machine.
#pragma once

#include <filesystem>
#include <vector>

#include "cli/interrupt.h"
#include "common/result.h"
#include "common/rpc/job_line.h"
#include "tutti/v1/worker.pb.h"

namespace tutti {

// Copies each track's file from below `root` into `folder`, under its hash, and checks the copy:
// what is decoded is what was registered, whatever happens to the file meanwhile. kNotFound: no
// such folder on this machine. kDataLoss, naming them: files that are missing, or are not what was
// registered. kCancelled: the user asked to stop.
Result<InputPaths> CopyAudioInPlace(Interrupt& interrupt, const std::filesystem::path& root,
                                    const std::vector<v1::Lease::Track>& tracks,
                                    const std::filesystem::path& folder);

}  // namespace tutti
