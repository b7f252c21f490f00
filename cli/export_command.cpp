#include <iostream>
#include <memory>
#include <set>

#include "cli/commands.h"
#include "cli/connection.h"
#include "cli/queries.h"
#include "cli/run_files.h"
#include "cli/run_folder.h"
#include "cli/tensorboard_file.h"
#include "common/rpc/words.h"

namespace tutti {
namespace {

constexpr unsigned kFolderMode = 0755;
constexpr unsigned kFileMode = 0644;

struct ExportOptions {
  std::string sweep;
  std::filesystem::path folder;
  std::string format = "study";
};

// One export on its way.
class Exporter {
 public:
  Exporter(Context& context, Connection& connection, const ExportOptions& options)
      : context_(context),
        connection_(connection),
        root_(options.folder),
        for_tensorboard_(options.format == "tensorboard") {}

  Status Run(const v1::GetTableResponse& table, const std::vector<v1::JobInfo>& jobs) {
    axes_.assign(table.axes().begin(), table.axes().end());
    TUTTI_RETURN_IF_ERROR(context_.files.CreateDirectories(root_, kFolderMode));
    Head(table);
    for (const v1::JobInfo& job : jobs) {
      if (job.kind() == v1::JOB_KIND_PREPROCESS) continue;
      if (context_.interrupt.Wait(std::chrono::milliseconds(0))) {
        return Error{ErrorCode::kCancelled, "stopped; run the same command again to go on"};
      }
      ++runs_;
      if (job.phase() == v1::JOB_PHASE_SUCCEEDED) {
        TUTTI_RETURN_IF_ERROR(WriteRun(job));
      } else {
        info_ += "run " + std::to_string(job.id()) + ": " + PhaseName(job.phase()) +
                 (job.message().empty() ? "" : ": " + job.message()) + "; " + job.config_json() +
                 "\n";
      }
    }
    return context_.files.WriteFileAtomically(root_ / "run_info.txt", info_, kFileMode);
  }

  int written() const { return written_; }
  int runs() const { return runs_; }

 private:
  void Head(const v1::GetTableResponse& table) {
    info_ = "sweep: " + table.sweep() + "\nsplit: " + table.split() +
            "\nprotocol: " + table.protocol() + "\ndataset version: " + table.dataset_version() +
            "\nexported: " + TimeText(ToInt(context_.clock.WallNow())) + "\n";
    for (const auto& track : table.undecodable()) {
      info_ += "left out: " + track.path() + " (" + track.message() + ")\n";
    }
    info_ += "\n";
  }

  Status WriteRun(const v1::JobInfo& job) {
    TUTTI_ASSIGN_OR_RETURN(const auto details, JobDetails(connection_, job.id()));
    TUTTI_ASSIGN_OR_RETURN(const Json config, ParseJson(job.config_json(), "configuration"));
    std::filesystem::path folder = RunFolder(config, axes_);
    // Runs that `include` gives may differ in what is no axis.
    if (!taken_.insert(folder).second) folder /= "job_" + std::to_string(job.id());
    TUTTI_RETURN_IF_ERROR(context_.files.CreateDirectories(root_ / folder, kFolderMode));
    TUTTI_ASSIGN_OR_RETURN(const auto files, FilesOf(details));
    for (const auto& [name, contents] : files) {
      TUTTI_RETURN_IF_ERROR(
          context_.files.WriteFileAtomically(root_ / folder / name, contents, kFileMode));
    }
    info_ += "run " + std::to_string(job.id()) + ": " + folder.string() + ": " + job.config_json() +
             "\n";
    if (!for_tensorboard_) TUTTI_RETURN_IF_ERROR(WriteWeights(details, folder));
    ++written_;
    return {};
  }

  Result<std::map<std::string, std::string>> FilesOf(const v1::GetJobResponse& details) const {
    if (!for_tensorboard_) return RunFiles(details);
    TUTTI_ASSIGN_OR_RETURN(std::string events, TensorBoardFile(details));
    return std::map<std::string, std::string>{{"events.out.tfevents.tutti", std::move(events)}};
  }

  Status WriteWeights(const v1::GetJobResponse& details, const std::filesystem::path& folder) {
    for (const std::string name : {"best", "last"}) {
      const v1::Artifact* weights = nullptr;
      for (const v1::Artifact& artifact : details.artifacts()) {
        if (artifact.name() == name) weights = &artifact;
      }
      if (weights == nullptr) {
        info_ += "  " + name + " weights: not kept\n";
        continue;
      }
      const std::string file = name + "_weights.safetensors";
      TUTTI_RETURN_IF_ERROR(
          connection_.blobs().DownloadFile(weights->blob_hash(), root_ / folder / file));
      info_ += "  " + name + " weights: " + file + ", sha256 " + weights->blob_hash() + "\n";
    }
    return {};
  }

  Context& context_;
  Connection& connection_;
  const std::filesystem::path root_;
  const bool for_tensorboard_;
  std::vector<std::string> axes_;
  std::set<std::filesystem::path> taken_;
  std::string info_;
  int runs_ = 0;
  int written_ = 0;
};

Result<ExitCode> Export(Context& context, const ExportOptions& options) {
  TUTTI_ASSIGN_OR_RETURN(const auto connection, Connection::Open(context));
  TUTTI_ASSIGN_OR_RETURN(const auto table, FetchTable(*connection, options.sweep));
  TUTTI_ASSIGN_OR_RETURN(const auto jobs, AllJobs(*connection, options.sweep));
  Exporter exporter(context, *connection, options);
  TUTTI_RETURN_IF_ERROR(exporter.Run(table, jobs));
  if (context.json) {
    std::cout << OrderedJson{{"sweep", options.sweep},
                             {"folder", options.folder.string()},
                             {"runs", exporter.runs()},
                             {"written", exporter.written()}}
                     .dump(2)
              << '\n';
  } else if (context.quiet) {
    std::cout << options.folder.string() << '\n';
  } else {
    std::cout << options.folder.string() << ": " << exporter.written() << " of " << exporter.runs()
              << " runs; run_info.txt tells where each is\n";
  }
  return ExitCode::kDone;
}

}  // namespace

void AddExportCommand(CLI::App& program, Context& context) {
  CLI::App* command = program.add_subcommand(
      "export",
      "a sweep as the study's results folder (curves, reports, matrices, weights), or for "
      "TensorBoard\n"
      "Example: tutti export gtzan-baseline results");
  auto options = std::make_shared<ExportOptions>();
  command->add_option("sweep", options->sweep)->required();
  command->add_option("folder", options->folder, "made where missing; its files are replaced")
      ->required();
  command
      ->add_option("--format", options->format,
                   "study: the study's files; tensorboard: an event file a run, for tensorboard "
                   "--logdir FOLDER")
      ->check(CLI::IsMember({"study", "tensorboard"}))
      ->capture_default_str();
  AddCommonOptions(*command, context);
  SetAction(*command, context, [&context, options] { return Export(context, *options); });
}

}  // namespace tutti
