#include "cli/submit_sweep.h"

namespace tutti {

Result<v1::SubmitSweepResponse> SubmitSweepFile(Context& context, Connection& connection,
                                                const std::filesystem::path& file,
                                                const Submission& submission) {
  v1::SubmitSweepRequest request;
  TUTTI_ASSIGN_OR_RETURN(*request.mutable_sweep_file(), context.files.ReadFile(file));
  request.set_request_id(MakeUuid(context.random));
  request.set_file_name(file.filename().string());
  request.set_dry_run(submission.dry_run);
  request.set_prune(submission.prune);
  return connection.Call(&v1::SweepService::Stub::SubmitSweep, request);
}

std::string DescribeSubmission(const v1::SubmitSweepResponse& report,
                               const Submission& submission) {
  std::string text = "sweep " + report.sweep() + ": " + std::to_string(report.runs_added()) +
                     (submission.dry_run ? " runs would be added, " : " runs added, ") +
                     std::to_string(report.runs_already_there()) + " there already; " +
                     std::to_string(report.preprocess_jobs_added()) + " shards to preprocess\n";
  for (const std::string& note : report.notes()) text += note + "\n";
  return text;
}

}  // namespace tutti
