// What several commands ask of the coordinator: a sweep's jobs, all pages of them; its table; a
// job.
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

// A sweep's table with its intervals. metric: empty for f1_macro.
Result<v1::GetTableResponse> FetchTable(Connection& connection, const std::string& sweep,
                                        const std::string& metric = "");

Result<v1::GetJobResponse> JobDetails(Connection& connection, std::int64_t id);

}  // namespace tutti
