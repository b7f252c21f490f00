#include <iostream>
#include <memory>

#include "cli/commands.h"
#include "cli/connection.h"

namespace tutti {
namespace {

constexpr std::chrono::milliseconds kAskEvery{500};

struct LogsOptions {
  std::int64_t job = 0;
  int attempt = 0;
  bool follow = false;
};

void Print(const Context& context, const v1::GetLogResponse& page) {
  if (context.quiet && !context.json) return;
  std::int64_t number = page.last() - page.lines_size();
  for (const std::string& line : page.lines()) {
    ++number;
    if (context.json) {
      std::cout
          << OrderedJson{{"attempt", page.attempt()}, {"number", number}, {"text", line}}.dump()
          << '\n';
    } else {
      std::cout << line << '\n';
    }
  }
  std::cout << std::flush;
}

Result<ExitCode> Logs(Context& context, const LogsOptions& options) {
  TUTTI_ASSIGN_OR_RETURN(const auto connection, Connection::Open(context));
  if (options.follow) connection->WaitForItsReturn();
  v1::GetLogRequest request;
  request.set_job_id(options.job);
  request.set_attempt(options.attempt);
  while (true) {
    TUTTI_ASSIGN_OR_RETURN(const auto page,
                           connection->Call(&v1::SweepService::Stub::GetLog, request));
    Print(context, page);
    // The newest attempt at the start is followed to its end, though another may come after it.
    request.set_attempt(page.attempt());
    request.set_after(page.last());
    if (!page.lines().empty()) continue;
    if (options.follow && !page.ended() && !context.interrupt.Wait(kAskEvery)) continue;
    if (context.quiet && !context.json) std::cout << page.attempt() << '\n';
    return ExitCode::kDone;
  }
}

}  // namespace

void AddLogsCommand(CLI::App& program, Context& context) {
  CLI::App* logs = program.add_subcommand(
      "logs",
      "what a job's program printed, also while it runs; with --json one JSON object a line, with\n"
      "--quiet the attempt's number alone\n"
      "Example: tutti logs 12 --follow");
  auto options = std::make_shared<LogsOptions>();
  logs->add_option("job", options->job, "its number, as tutti jobs shows it")->required();
  logs->add_option("--attempt", options->attempt, "which one (default: the newest)")
      ->check(CLI::PositiveNumber);
  logs->add_flag("--follow", options->follow, "go on until the attempt ends");
  AddCommonOptions(*logs, context);
  SetAction(*logs, context, [&context, options] { return Logs(context, *options); });
}

}  // namespace tutti
