#include <cstdio>
#include <iostream>
#include <memory>
#include <string>

#include "cli/commands.h"
#include "cli/connection.h"
#include "cli/queries.h"
#include "cli/text_table.h"
#include "common/rpc/words.h"

namespace tutti {
namespace {

// "rnn 1 s, seed 333": what tells one run from another.
std::string DescribeConfig(const v1::JobInfo& job) {
  const auto config = ParseJson(job.config_json(), "job");
  if (!config.ok() || !config->is_object()) return "";
  std::string text = config->value("model", "");
  if (config->contains("slice_seconds")) text += " " + (*config)["slice_seconds"].dump() + " s";
  if (config->contains("seed")) text += ", seed " + (*config)["seed"].dump();
  return text;
}

std::string F1Text(const v1::JobInfo& job) {
  if (!job.has_f1_macro()) return "–";
  char buffer[32];
  std::snprintf(buffer, sizeof(buffer), "%.6f", job.f1_macro());
  return buffer;
}

TextRow RowOf(const v1::JobInfo& job) {
  return {std::to_string(job.id()),
          KindName(job.kind()),
          PhaseName(job.phase()),
          std::to_string(job.attempt()),
          DescribeConfig(job),
          job.has_last_epoch() ? std::to_string(job.last_epoch().epoch()) : "–",
          F1Text(job),
          job.failure() == v1::FAILURE_CLASS_UNSPECIFIED
              ? job.worker()
              : FailureName(job.failure()) + ": " + job.message()};
}

Result<ExitCode> ListJobs(Context& context, const std::string& sweep) {
  TUTTI_ASSIGN_OR_RETURN(const auto connection, Connection::Open(context));
  TUTTI_ASSIGN_OR_RETURN(const auto jobs, AllJobs(*connection, sweep));
  OrderedJson list = OrderedJson::array();
  std::vector<TextRow> rows;
  for (const v1::JobInfo& job : jobs) {
    if (context.quiet) std::cout << job.id() << '\n';
    if (context.json) list.push_back(ToJson(job));
    rows.push_back(RowOf(job));
  }
  if (context.json) {
    std::cout << list.dump(2) << '\n';
  } else if (!context.quiet) {
    std::cout << MarkdownTable(
        {"Job", "Kind", "Phase", "Attempt", "Run", "Epoch", "F1", "Worker or failure"}, rows);
  }
  return ExitCode::kDone;
}

}  // namespace

void AddJobsCommand(CLI::App& program, Context& context) {
  CLI::App* jobs =
      program.add_subcommand("jobs", "all jobs of a sweep\nExample: tutti jobs gtzan-baseline");
  auto sweep = std::make_shared<std::string>();
  jobs->add_option("sweep", *sweep)->required();
  AddCommonOptions(*jobs, context);
  SetAction(*jobs, context, [&context, sweep] { return ListJobs(context, *sweep); });
}

}  // namespace tutti
