#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/connection.h"
#include "cli/sweep_progress.h"
#include "cli/watch_lines.h"

namespace tutti {
namespace {

constexpr std::size_t kEventsShown = 8;

// The newest sweep where none is named.
Result<std::string> ChooseSweep(Connection& connection, const std::string& name) {
  if (!name.empty()) return name;
  TUTTI_ASSIGN_OR_RETURN(const auto reply, connection.Call(&v1::SweepService::Stub::ListSweeps,
                                                           v1::ListSweepsRequest()));
  if (reply.sweeps().empty()) return NotFound("there is no sweep yet; tutti submit makes one");
  return reply.sweeps(reply.sweeps_size() - 1).name();
}

Status ReadOn(Connection& connection, const std::string& sweep, EventTail& tail) {
  v1::ListEventsRequest request;
  request.set_sweep(sweep);
  while (true) {
    request.set_after(tail.last_number());
    TUTTI_ASSIGN_OR_RETURN(const auto reply,
                           connection.Call(&v1::SweepService::Stub::ListEvents, request));
    tail.Add(reply);
    if (reply.last_number() == request.after()) return {};
  }
}

Result<ExitCode> Watch(Context& context, const std::string& name) {
  TUTTI_ASSIGN_OR_RETURN(const auto connection, Connection::Open(context));
  connection->WaitForItsReturn();
  TUTTI_ASSIGN_OR_RETURN(const std::string sweep, ChooseSweep(*connection, name));
  EventTail tail(kEventsShown);
  const auto more = [&]() -> Result<std::vector<std::string>> {
    TUTTI_ASSIGN_OR_RETURN(
        const auto workers,
        connection->Call(&v1::SweepService::Stub::ListWorkers, v1::ListWorkersRequest()));
    TUTTI_RETURN_IF_ERROR(ReadOn(*connection, sweep, tail));
    std::vector<std::string> lines{""};
    for (const std::string& line : WorkerLines(workers)) lines.push_back(line);
    lines.emplace_back();
    for (const std::string& line : tail.lines()) lines.push_back(line);
    return lines;
  };
  TUTTI_ASSIGN_OR_RETURN(const SweepCounts counts, WatchSweep(context, *connection, sweep, more));
  if (context.quiet && !context.json) std::cout << sweep << '\n';
  return counts.failed > 0 ? ExitCode::kFailedJobs : ExitCode::kDone;
}

}  // namespace

void AddWatchCommand(CLI::App& program, Context& context) {
  CLI::App* watch = program.add_subcommand("watch",
                                           "follow a sweep until it ends; with --json one JSON "
                                           "object a line whenever something changed\n"
                                           "Example: tutti watch gtzan-baseline");
  auto name = std::make_shared<std::string>();
  watch->add_option("sweep", *name, "its name (default: the newest)");
  AddCommonOptions(*watch, context);
  SetAction(*watch, context, [&context, name] { return Watch(context, *name); });
}

}  // namespace tutti
