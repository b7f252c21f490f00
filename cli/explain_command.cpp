#include <iostream>
#include <memory>
#include <string>

#include "cli/commands.h"
#include "cli/connection.h"
#include "cli/job_number.h"
#include "common/rpc/words.h"
#include "common/visible_text.h"

namespace tutti {
namespace {

void Print(const v1::ExplainResponse& reply) {
  std::cout << OneLine(reply.summary()) << '\n';
  for (const auto& reason : reply.reasons()) std::cout << "- " << OneLine(reason.text()) << '\n';
  if (!reply.advice().empty()) std::cout << "\nWhat to do:\n";
  for (const auto& step : reply.advice()) {
    std::cout << "- " << OneLine(step.text());
    if (!step.command().empty()) std::cout << ": " << OneLine(step.command());
    std::cout << '\n';
  }
  if (!reply.log_tail().empty()) std::cout << "\nLast lines that it printed:\n";
  for (const auto& line : reply.log_tail()) std::cout << "  " << line << '\n';
}

Result<ExitCode> Explain(Context& context, const std::string& what) {
  TUTTI_ASSIGN_OR_RETURN(const auto connection, Connection::Open(context));
  v1::ExplainRequest request;
  if (const auto job = JobNumber(what)) {
    request.set_job_id(*job);
  } else {
    request.set_sweep(what);
  }
  TUTTI_ASSIGN_OR_RETURN(const auto reply,
                         connection->Call(&v1::SweepService::Stub::Explain, request));
  if (context.json) {
    std::cout << ToJson(reply).dump(2) << '\n';
  } else if (context.quiet) {
    for (const auto& reason : reply.reasons()) std::cout << reason.code() << '\n';
  } else {
    Print(reply);
  }
  return ExitCode::kDone;
}

}  // namespace

void AddExplainCommand(CLI::App& program, Context& context) {
  CLI::App* explain = program.add_subcommand(
      "explain",
      "why a job or a sweep waits, or why it failed, and what to do\nExample: tutti explain 12");
  auto what = std::make_shared<std::string>();
  explain->add_option("job_or_sweep", *what, "a job's number, or a sweep's name")->required();
  AddCommonOptions(*explain, context);
  SetAction(*explain, context, [&context, what] { return Explain(context, *what); });
}

}  // namespace tutti
