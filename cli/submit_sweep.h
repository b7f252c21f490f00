// A sweep file sent to the coordinator, and what it answered in words.
#pragma once

#include <filesystem>
#include <string>

#include "cli/connection.h"
#include "common/result.h"
#include "tutti/v1/sweep.pb.h"

namespace tutti {

struct Submission {
  bool dry_run = false;  // tell what would change, change nothing
  bool prune = false;    // runs that the file no longer names are removed, with their results
};

Result<v1::SubmitSweepResponse> SubmitSweepFile(Context& context, Connection& connection,
                                                const std::filesystem::path& file,
                                                const Submission& submission);

// "sweep small: 8 runs added, 0 there already; 4 shards to preprocess" and its notes, a line each.
std::string DescribeSubmission(const v1::SubmitSweepResponse& report, const Submission& submission);

}  // namespace tutti
