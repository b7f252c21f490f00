#include <iostream>
#include <memory>
#include <optional>

#include "cli/commands.h"
#include "cli/connection.h"
#include "cli/queries.h"
#include "cli/replay_run.h"
#include "cli/scratch_folder.h"
#include "cli/text_table.h"
#include "common/hash.h"

namespace tutti {
namespace {

// Something that was stored, beside what came out here.
struct Comparison {
  std::string name;
  std::string stored;
  std::string here;
  bool equal() const { return stored == here; }
};

struct Replay {
  std::vector<Comparison> results;      // metrics and weights: equal or not
  std::vector<Comparison> environment;  // what equality depends on
  bool equal() const { return std::ranges::all_of(results, &Comparison::equal); }
};

std::string TextAt(const Json& result, const char* group, const std::string& name) {
  const auto values = result.find(group);
  if (values == result.end() || !values->is_object() || !values->contains(name)) return "none";
  const Json& value = (*values)[name];
  return value.is_string() ? value.get<std::string>() : value.dump();
}

// Numbers are written so that equal text is equal bits.
Result<Replay> Compare(const v1::GetJobResponse& job, const Json& result,
                       const std::filesystem::path& folder, FileSystem& files) {
  Replay replay;
  const std::map<std::string, double> metrics(job.metrics().begin(), job.metrics().end());
  for (const auto& [name, value] : metrics) {
    // A whole number may have lost its point on the way; both are doubles.
    const auto values = result.find("metrics");
    const bool has =
        values != result.end() && values->contains(name) && (*values)[name].is_number();
    const std::string here = has ? Json((*values)[name].get<double>()).dump() : "none";
    replay.results.push_back({name, Json(value).dump(), here});
  }
  for (const v1::Artifact& artifact : job.artifacts()) {
    const std::filesystem::path file = folder / (artifact.name() + ".safetensors");
    std::string here = "none";
    if (files.Exists(file)) {
      TUTTI_ASSIGN_OR_RETURN(here, Sha256HexOfFile(file));
    }
    replay.results.push_back({artifact.name() + " weights", artifact.blob_hash(), here});
  }
  const std::map<std::string, std::string> environment(job.environment().begin(),
                                                       job.environment().end());
  for (const auto& [name, value] : environment) {
    replay.environment.push_back({name, value, TextAt(result, "environment", name)});
  }
  return replay;
}

OrderedJson ToJson(const std::vector<Comparison>& comparisons) {
  OrderedJson rows = OrderedJson::array();
  for (const Comparison& row : comparisons) {
    rows.push_back(
        {{"name", row.name}, {"stored", row.stored}, {"here", row.here}, {"equal", row.equal()}});
  }
  return rows;
}

void Print(const Replay& replay, std::int64_t job) {
  std::vector<TextRow> rows;
  for (const auto* group : {&replay.results, &replay.environment}) {
    for (const Comparison& row : *group) {
      rows.push_back({row.name, row.stored, row.here, row.equal() ? "yes" : "NO"});
    }
  }
  std::cout << MarkdownTable({"What", "Stored", "Here", "Equal"}, rows) << "\njob " << job
            << (replay.equal() ? ": weights and metrics are equal\n"
                               : ": weights or metrics differ\n");
  for (const Comparison& row : replay.environment) {
    if (row.equal() || replay.equal()) continue;
    std::cout << row.name << " differs, and equality depends on it\n";
  }
}

struct ReplayOptions {
  std::int64_t job = 0;
  std::filesystem::path data_root;
};

Result<ExitCode> ReplayJob(Context& context, const ReplayOptions& options) {
  const std::int64_t id = options.job;
  TUTTI_ASSIGN_OR_RETURN(const auto connection, Connection::Open(context));
  v1::GetRunLeaseRequest request;
  request.set_job_id(id);
  TUTTI_ASSIGN_OR_RETURN(const auto reply,
                         connection->Call(&v1::SweepService::Stub::GetRunLease, request));
  TUTTI_ASSIGN_OR_RETURN(const auto job, JobDetails(*connection, id));
  TUTTI_ASSIGN_OR_RETURN(const ScratchFolder scratch, ScratchFolder::Make("replay"));
  TUTTI_ASSIGN_OR_RETURN(const Json result, ReplayRun(context, *connection, reply.lease(),
                                                      options.data_root, scratch.path()));
  TUTTI_ASSIGN_OR_RETURN(const Replay replay, Compare(job, result, scratch.path(), context.files));
  if (context.json) {
    std::cout << OrderedJson{{"job", id},
                             {"equal", replay.equal()},
                             {"results", ToJson(replay.results)},
                             {"environment", ToJson(replay.environment)}}
                     .dump(2)
              << '\n';
  } else if (context.quiet) {
    std::cout << id << '\n';
  } else {
    Print(replay, id);
  }
  return replay.equal() ? ExitCode::kDone : ExitCode::kFailedJobs;
}

}  // namespace

void AddReplayCommand(CLI::App& program, Context& context) {
  CLI::App* replay = program.add_subcommand(
      "replay",
      "do a run again on this machine, from its audio, and say whether weights and metrics are\n"
      "equal (exit code 1: they are not); no row changes\n"
      "Example: tutti replay 12");
  auto options = std::make_shared<ReplayOptions>();
  replay->add_option("job", options->job, "a train job that succeeded, as tutti jobs shows it")
      ->required();
  replay->add_option("--data-root", options->data_root,
                     "where the files of a dataset that was added --in-place are on this machine "
                     "(default: where they were registered)");
  AddCommonOptions(*replay, context);
  SetAction(*replay, context, [&context, options] { return ReplayJob(context, *options); });
}

}  // namespace tutti
