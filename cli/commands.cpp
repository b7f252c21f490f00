#include "cli/commands.h"

namespace tutti {

void AddCommands(CLI::App& program, Context& context) {
  program.require_subcommand(1);
  AddLocalCommand(program, context);
  AddDatasetCommand(program, context);
  AddSubmitCommand(program, context);
  AddWatchCommand(program, context);
  AddTableCommand(program, context);
  AddCompareCommand(program, context);
  AddReportCommand(program, context);
  AddExportCommand(program, context);
  AddSweepsCommand(program, context);
  AddJobsCommand(program, context);
  AddShowCommand(program, context);
  AddLogsCommand(program, context);
  AddCheckpointCommand(program, context);
  AddPredictCommand(program, context);
  AddReplayCommand(program, context);
  AddInviteCommands(program, context);
  AddDoctorCommand(program, context);
  AddExplainCommand(program, context);
  AddWorkersCommand(program, context);
  AddWorkerChangeCommands(program, context);
  AddSweepChangeCommands(program, context);
  AddEventsCommand(program, context);
}

}  // namespace tutti
