#include <iostream>
#include <memory>

#include "cli/commands.h"
#include "cli/connection.h"
#include "cli/submit_sweep.h"
#include "cli/sweep_progress.h"
#include "common/rpc/words.h"

namespace tutti {
namespace {

struct SubmitOptions {
  std::filesystem::path file;
  Submission submission;
  bool wait = false;
};

Result<ExitCode> Submit(Context& context, const SubmitOptions& options) {
  const Submission& submission = options.submission;
  TUTTI_ASSIGN_OR_RETURN(const auto connection, Connection::Open(context));
  TUTTI_ASSIGN_OR_RETURN(const auto report,
                         SubmitSweepFile(context, *connection, options.file, submission));
  if (context.json) {
    std::cout << ToJson(report).dump(2) << std::endl;
  } else if (context.quiet) {
    std::cout << report.sweep() << std::endl;
  } else {
    std::cout << DescribeSubmission(report, submission) << std::flush;
  }
  if (!options.wait || submission.dry_run) return ExitCode::kDone;
  connection->WaitForItsReturn();
  TUTTI_ASSIGN_OR_RETURN(
      const SweepCounts counts,
      WaitForSweep(context, *connection, report.sweep(), [] { return Status(); }));
  return counts.failed > 0 ? ExitCode::kFailedJobs : ExitCode::kDone;
}

}  // namespace

void AddSubmitCommand(CLI::App& program, Context& context) {
  CLI::App* submit = program.add_subcommand(
      "submit",
      "send a sweep to the coordinator; the same file again changes nothing\n"
      "Example: tutti submit sweep.yaml --wait");
  auto options = std::make_shared<SubmitOptions>();
  submit->add_option("sweep_file", options->file, "sweep file (YAML)")->required();
  submit->add_flag("--dry-run", options->submission.dry_run,
                   "tell what would change, change nothing");
  submit->add_flag("--prune", options->submission.prune,
                   "remove runs that the file no longer names, with their results");
  submit->add_flag("--wait", options->wait, "until the sweep ends; exit code 1 when runs failed");
  AddCommonOptions(*submit, context);
  SetAction(*submit, context, [&context, options] { return Submit(context, *options); });
}

}  // namespace tutti
