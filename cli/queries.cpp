#include "cli/queries.h"

namespace tutti {

Result<std::vector<v1::JobInfo>> AllJobs(Connection& connection, const std::string& sweep,
                                         const std::vector<v1::JobPhase>& phases) {
  v1::ListJobsRequest request;
  request.set_sweep(sweep);
  for (const v1::JobPhase phase : phases) request.add_phases(phase);
  std::vector<v1::JobInfo> jobs;
  for (bool more = true; more;) {
    TUTTI_ASSIGN_OR_RETURN(const auto page,
                           connection.Call(&v1::SweepService::Stub::ListJobs, request));
    jobs.insert(jobs.end(), page.jobs().begin(), page.jobs().end());
    if (!jobs.empty()) request.set_after_job_id(jobs.back().id());
    more = page.more();
  }
  return jobs;
}

Result<v1::GetTableResponse> FetchTable(Connection& connection, const std::string& sweep,
                                        const std::string& metric) {
  v1::GetTableRequest request;
  request.set_sweep(sweep);
  request.set_metric(metric);
  request.set_intervals(true);
  return connection.Call(&v1::SweepService::Stub::GetTable, request);
}

Result<v1::GetJobResponse> JobDetails(Connection& connection, std::int64_t id) {
  v1::GetJobRequest request;
  request.set_id(id);
  return connection.Call(&v1::SweepService::Stub::GetJob, request);
}

}  // namespace tutti
