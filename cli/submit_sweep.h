// A sweep file sent to the coordinator, and what it answered in words.
#pragma once

#include <filesystem>
#include <string>

#include "cli/connection.h"
#include "common/result.h"
#include "tutti/v1/sweep.pb.h"

namespace tutti {

enum class Submission { kReal, kDryRun };

Result<v1::SubmitSweepResponse> SubmitSweepFile(Context& context, Connection& connection,
                                                const std::filesystem::path& file,
                                                Submission submission);

// "sweep small: 8 runs added, 0 there already; 4 shards to preprocess" and its notes, a line each.
std::string DescribeSubmission(const v1::SubmitSweepResponse& report, Submission submission);

}  // namespace tutti
