// What a person must know of a checkpoint that lies in a folder years later.
#pragma once

#include <string>

#include "common/result.h"
#include "tutti/v1/sweep.pb.h"

namespace tutti {

// Markdown: what made the weights (sweep, run, dataset version, configuration), its scores and
// environment, how to do it again, and the Python lines that load `file_name`. kDataLoss: the run's
// configuration is no JSON.
Result<std::string> ModelCard(const v1::GetJobResponse& run, const v1::Artifact& weights,
                              const std::string& dataset_version, const std::string& file_name);

}  // namespace tutti
