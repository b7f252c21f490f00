#include <memory>
#include <string>

#include "cli/commands.h"
#include "cli/connection.h"
#include "cli/sweep_progress.h"

namespace tutti {
namespace {

// The newest sweep where none is named.
Result<std::string> ChooseSweep(Connection& connection, const std::string& name) {
  if (!name.empty()) return name;
  TUTTI_ASSIGN_OR_RETURN(const auto reply, connection.Call(&v1::SweepService::Stub::ListSweeps,
                                                           v1::ListSweepsRequest()));
  if (reply.sweeps().empty()) return NotFound("there is no sweep yet; tutti submit makes one");
  return reply.sweeps(reply.sweeps_size() - 1).name();
}

Result<ExitCode> Watch(Context& context, const std::string& name) {
  TUTTI_ASSIGN_OR_RETURN(const auto connection, Connection::Open(context));
  TUTTI_ASSIGN_OR_RETURN(const std::string sweep, ChooseSweep(*connection, name));
  TUTTI_ASSIGN_OR_RETURN(const SweepCounts counts,
                         WaitForSweep(context, *connection, sweep, [] { return Status(); }));
  return counts.failed > 0 ? ExitCode::kFailedJobs : ExitCode::kDone;
}

}  // namespace

void AddWatchCommand(CLI::App& program, Context& context) {
  CLI::App* watch = program.add_subcommand(
      "watch", "follow a sweep until it ends\nExample: tutti watch gtzan-baseline");
  auto name = std::make_shared<std::string>();
  watch->add_option("sweep", *name, "its name (default: the newest)");
  AddCommonOptions(*watch, context);
  SetAction(*watch, context, [&context, name] { return Watch(context, *name); });
}

}  // namespace tutti
