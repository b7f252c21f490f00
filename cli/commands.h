// The commands of `tutti`: each adds itself to the program.
#pragma once

#include "cli/context.h"

namespace tutti {

// All of them.
void AddCommands(CLI::App& program, Context& context);

void AddLocalCommand(CLI::App& program, Context& context);
void AddDatasetCommand(CLI::App& program, Context& context);
// check, split, figure: of a folder, so they need no coordinator. dataset: the command of that
// name.
void AddDatasetTools(CLI::App& dataset, Context& context);
void AddSubmitCommand(CLI::App& program, Context& context);
void AddWatchCommand(CLI::App& program, Context& context);
void AddTableCommand(CLI::App& program, Context& context);
void AddSweepsCommand(CLI::App& program, Context& context);
void AddJobsCommand(CLI::App& program, Context& context);
void AddShowCommand(CLI::App& program, Context& context);
void AddEventsCommand(CLI::App& program, Context& context);
void AddSweepChangeCommands(CLI::App& program, Context& context);
void AddWorkersCommand(CLI::App& program, Context& context);
void AddWorkerChangeCommands(CLI::App& program, Context& context);
void AddExplainCommand(CLI::App& program, Context& context);
void AddCheckpointCommand(CLI::App& program, Context& context);
void AddCompareCommand(CLI::App& program, Context& context);
void AddExportCommand(CLI::App& program, Context& context);
void AddLogsCommand(CLI::App& program, Context& context);
void AddReportCommand(CLI::App& program, Context& context);
// invite, join, revoke.
void AddInviteCommands(CLI::App& program, Context& context);
void AddDoctorCommand(CLI::App& program, Context& context);
void AddReplayCommand(CLI::App& program, Context& context);
void AddPredictCommand(CLI::App& program, Context& context);

}  // namespace tutti
