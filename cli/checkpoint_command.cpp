#include <iostream>
#include <memory>

#include "cli/commands.h"
#include "cli/connection.h"
#include "cli/job_number.h"
#include "cli/kept_weights.h"
#include "cli/queries.h"
#include "common/rpc/model_card.h"

namespace tutti {
namespace {

constexpr unsigned kPublicFile = 0644;

struct GetOptions {
  std::string run;  // a job's number, or a sweep's name
  std::filesystem::path file;
  std::string which = "best";
};

// Of a sweep its best run.
Result<std::int64_t> ChooseRun(Connection& connection, const std::string& run) {
  if (const auto job = JobNumber(run)) return *job;
  return BestJob(connection, run);
}

Result<ExitCode> Get(Context& context, const GetOptions& options) {
  TUTTI_ASSIGN_OR_RETURN(const auto connection, Connection::Open(context));
  const WeightsKind kind = options.which == "last" ? WeightsKind::kLast : WeightsKind::kBest;
  TUTTI_ASSIGN_OR_RETURN(const std::int64_t job, ChooseRun(*connection, options.run));
  TUTTI_ASSIGN_OR_RETURN(const KeptWeights weights, FindWeights(*connection, job, kind));
  TUTTI_RETURN_IF_ERROR(connection->blobs().DownloadFile(weights.blob_hash, options.file));
  TUTTI_ASSIGN_OR_RETURN(const auto run, JobDetails(*connection, job));
  v1::Artifact artifact;
  artifact.set_name(weights.name);
  artifact.set_blob_hash(weights.blob_hash);
  TUTTI_ASSIGN_OR_RETURN(const std::string card, ModelCard(run, artifact, weights.dataset_version,
                                                           options.file.filename().string()));
  const std::filesystem::path card_file = options.file.string() + ".md";
  TUTTI_RETURN_IF_ERROR(context.files.WriteFileAtomically(card_file, card, kPublicFile));
  if (context.json) {
    std::cout << OrderedJson{{"job", weights.job},
                             {"sweep", weights.sweep},
                             {"weights", weights.name},
                             {"file", options.file.string()},
                             {"card", card_file.string()},
                             {"blob_hash", weights.blob_hash},
                             {"size_bytes", weights.size_bytes}}
                     .dump(2)
              << '\n';
  } else if (context.quiet) {
    std::cout << weights.blob_hash << '\n';
  } else {
    std::cout << options.file.string() << ": " << weights.name << " weights of job " << weights.job
              << " of sweep " << weights.sweep << ", " << weights.size_bytes << " bytes, sha256 "
              << weights.blob_hash << "; what made it stands in " << card_file.string() << '\n';
  }
  return ExitCode::kDone;
}

}  // namespace

void AddCheckpointCommand(CLI::App& program, Context& context) {
  CLI::App* checkpoint = program.add_subcommand("checkpoint", "weights that runs have kept");
  checkpoint->require_subcommand(1);
  CLI::App* get = checkpoint->add_subcommand("get",
                                             "a run's weights as a safetensors file, which Python "
                                             "loads unchanged, and a model card beside "
                                             "it (FILE.md)\n"
                                             "Example: tutti checkpoint get 12 best.safetensors");
  auto options = std::make_shared<GetOptions>();
  get->add_option("job_or_sweep", options->run,
                  "the run's number, as tutti jobs shows it, or a sweep: its run with the highest "
                  "f1_macro")
      ->required();
  get->add_option("file", options->file, "where to; what is there is replaced")->required();
  get->add_option("--which", options->which,
                  "best: of the epoch that validated best; last: of the last epoch")
      ->check(CLI::IsMember({"best", "last"}))
      ->capture_default_str();
  AddCommonOptions(*get, context);
  SetAction(*get, context, [&context, options] { return Get(context, *options); });
}

}  // namespace tutti
