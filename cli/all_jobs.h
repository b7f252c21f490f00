// A sweep's jobs, all pages of them.
#pragma once

#include <string>
#include <vector>

#include "cli/connection.h"
#include "common/result.h"
#include "tutti/v1/sweep.pb.h"

namespace tutti {

// phases: none for all. By id; preprocess jobs that the sweep made are among them. kNotFound: no
// such sweep.
Result<std::vector<v1::JobInfo>> AllJobs(Connection& connection, const std::string& sweep,
                                         const std::vector<v1::JobPhase>& phases = {});

Result<v1::GetJobResponse> JobDetails(Connection& connection, std::int64_t id);

}  // namespace tutti
