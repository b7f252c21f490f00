#include "cli/submit_sweep.h"

namespace tutti {

Result<v1::SubmitSweepResponse> SubmitSweepFile(Context& context, Connection& connection,
                                                const std::filesystem::path& file,
                                                Submission submission) {
  v1::SubmitSweepRequest request;
  TUTTI_ASSIGN_OR_RETURN(*request.mutable_sweep_file(), context.files.ReadFile(file));
  request.set_request_id(MakeUuid(context.random));
  request.set_file_name(file.filename().string());
  request.set_dry_run(submission == Submission::kDryRun);
  return connection.Call(&v1::SweepService::Stub::SubmitSweep, request);
}

std::string DescribeSubmission(const v1::SubmitSweepResponse& report, Submission submission) {
  std::string text =
      "sweep " + report.sweep() + ": " + std::to_string(report.runs_added()) +
      (submission == Submission::kDryRun ? " runs would be added, " : " runs added, ") +
      std::to_string(report.runs_already_there()) + " there already; " +
      std::to_string(report.preprocess_jobs_added()) + " shards to preprocess\n";
  if (report.runs_no_longer_named() > 0) {
    text += std::to_string(report.runs_no_longer_named()) +
            " runs of the sweep are not in this file any more; they are kept\n";
  }
  for (const std::string& note : report.notes()) text += note + "\n";
  return text;
}

}  // namespace tutti
