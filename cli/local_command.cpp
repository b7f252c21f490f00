#include <iostream>
#include <memory>

#include "cli/commands.h"
#include "cli/connection.h"
#include "cli/local_fleet.h"
#include "cli/queries.h"
#include "cli/register_dataset.h"
#include "cli/result_tables.h"
#include "cli/submit_sweep.h"
#include "cli/sweep_file_peek.h"
#include "cli/sweep_progress.h"

namespace tutti {
namespace {

struct LocalOptions {
  std::filesystem::path file;
  std::filesystem::path dataset;
  int workers = 1;
};

Status AddDataset(Context& context, Connection& connection, const LocalOptions& options,
                  const SweepFileNames& names) {
  if (options.dataset.empty()) return {};
  if (names.dataset.empty()) {
    return InvalidArgument(options.file.string() +
                           ": dataset: give the name under which --dataset is registered");
  }
  TUTTI_ASSIGN_OR_RETURN(
      const RegisteredDataset registered,
      RegisterDataset(context, connection, names.dataset, options.dataset, ScanOptions{}));
  if (!context.quiet) {
    std::cerr << "dataset " << names.dataset << ": " << registered.reply.dataset().tracks()
              << " tracks (" << (registered.reply.changed() ? "new version" : "unchanged") << ")\n";
  }
  return {};
}

Status PrintTables(Context& context, Connection& connection, const std::string& sweep) {
  TUTTI_ASSIGN_OR_RETURN(const auto table, FetchTable(connection, sweep));
  if (context.json) {
    TUTTI_ASSIGN_OR_RETURN(const OrderedJson json, TableJson(table));
    std::cout << json.dump(2) << '\n';
    return {};
  }
  if (context.quiet) {
    std::cout << sweep << '\n';
    return {};
  }
  TUTTI_ASSIGN_OR_RETURN(const TextTable f1, F1Table(table));
  std::cout << TableCaption(table) << '\n'
            << MarkdownTable(f1) << '\n'
            << MarkdownTable(PerformanceTable(table));
  const std::string notes = TableNotes(table);
  if (!notes.empty()) std::cout << '\n' << notes;
  return {};
}

// Another `tutti local` may be at work in the same folder: its workers do ours too.
Result<SweepCounts> RunToEnd(Context& context, Connection& connection,
                             const std::filesystem::path& dir, const LocalOptions& options,
                             const std::string& sweep) {
  std::unique_ptr<LocalFleet> fleet;
  if (connection.owns_coordinator()) {
    TUTTI_ASSIGN_OR_RETURN(fleet, LocalFleet::Start(context, dir, options.workers));
  }
  Result<SweepCounts> counts = WaitForSweep(
      context, connection, sweep, [&]() -> Status { return fleet ? fleet->Check() : Status(); });
  if (!counts.ok() && counts.error().code == ErrorCode::kCancelled) {
    return Error{ErrorCode::kCancelled,
                 "stopped; what is done is kept, run the same command again to go on"};
  }
  return counts;
}

Result<ExitCode> RunLocal(Context& context, const LocalOptions& options) {
  TUTTI_ASSIGN_OR_RETURN(const std::string text, context.files.ReadFile(options.file));
  TUTTI_ASSIGN_OR_RETURN(const SweepFileNames names,
                         PeekSweepFile(text, options.file.filename().string()));
  const std::filesystem::path dir =
      context.dir.empty() ? std::filesystem::path("tutti-" + names.name) : context.dir;
  TUTTI_ASSIGN_OR_RETURN(const auto connection, Connection::OpenDir(context, dir));
  TUTTI_RETURN_IF_ERROR(AddDataset(context, *connection, options, names));
  TUTTI_ASSIGN_OR_RETURN(const auto report,
                         SubmitSweepFile(context, *connection, options.file, Submission{}));
  if (!context.quiet) std::cerr << DescribeSubmission(report, Submission{});
  TUTTI_ASSIGN_OR_RETURN(const SweepCounts counts,
                         RunToEnd(context, *connection, dir, options, report.sweep()));
  TUTTI_RETURN_IF_ERROR(PrintTables(context, *connection, report.sweep()));
  if (counts.failed == 0) return ExitCode::kDone;
  std::cerr << "tutti: " << counts.failed << " runs failed; tutti jobs " << report.sweep()
            << " --dir " << dir.string() << " says why\n";
  return ExitCode::kFailedJobs;
}

}  // namespace

void AddLocalCommand(CLI::App& program, Context& context) {
  CLI::App* local =
      program.add_subcommand("local",
                             "everything on this machine for one sweep, then both tables\n"
                             "Example: tutti local sweep.yaml --dataset ~/gtzan/genres");
  auto options = std::make_shared<LocalOptions>();
  local->add_option("sweep_file", options->file, "sweep file (YAML)")->required();
  local->add_option("--dataset", options->dataset,
                    "folder of class folders, registered under the file's `dataset`");
  local->add_option("--workers", options->workers, "workers that share this machine's cores")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  AddCommonOptions(*local, context);
  SetAction(*local, context, [&context, options] { return RunLocal(context, *options); });
}

}  // namespace tutti
