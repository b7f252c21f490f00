#include <iostream>

#include "cli/commands.h"
#include "cli/connection.h"
#include "cli/sweep_progress.h"
#include "cli/text_table.h"
#include "common/rpc/words.h"

namespace tutti {
namespace {

Result<ExitCode> ListSweeps(Context& context) {
  TUTTI_ASSIGN_OR_RETURN(const auto connection, Connection::Open(context));
  TUTTI_ASSIGN_OR_RETURN(const auto reply, connection->Call(&v1::SweepService::Stub::ListSweeps,
                                                            v1::ListSweepsRequest()));
  OrderedJson list = OrderedJson::array();
  std::vector<TextRow> rows;
  for (const auto& sweep : reply.sweeps()) {
    if (context.quiet) std::cout << sweep.name() << '\n';
    list.push_back(ToJson(sweep));
    const SweepCounts counts = CountsOf(sweep);
    rows.push_back({sweep.name(), sweep.dataset(), sweep.state(),
                    std::to_string(counts.succeeded) + "/" + std::to_string(counts.planned),
                    std::to_string(counts.running), std::to_string(counts.failed),
                    TimeText(sweep.created_at_unix_ms())});
  }
  if (context.json) {
    std::cout << list.dump(2) << '\n';
  } else if (!context.quiet) {
    std::cout << MarkdownTable(
        {"Sweep", "Dataset", "State", "Done", "Running", "Failed", "Submitted"}, rows);
  }
  return ExitCode::kDone;
}

}  // namespace

void AddSweepsCommand(CLI::App& program, Context& context) {
  CLI::App* sweeps = program.add_subcommand("sweeps", "all sweeps\nExample: tutti sweeps --json");
  AddCommonOptions(*sweeps, context);
  SetAction(*sweeps, context, [&context] { return ListSweeps(context); });
}

}  // namespace tutti
