// tutti: what a person types.
#include <iostream>

#include "cli/commands.h"
#include "cli/context.h"
#include "common/version.h"

int main(int argc, char** argv) {
  tutti::Interrupt interrupt;
  tutti::SystemClock clock;
  tutti::PosixFileSystem files;
  tutti::SystemRandom random;
  tutti::Context context{clock, files, random, interrupt, {}, {}, false, false, {}};

  CLI::App program(
      "Runs sweeps of training experiments and writes the result tables.\n"
      "Example: tutti local sweep.yaml --dataset ~/gtzan/genres");
  program.name("tutti");
  program.set_version_flag("--version", std::string("tutti ") + tutti::kVersion);
  program.require_subcommand(1);
  tutti::AddLocalCommand(program, context);
  tutti::AddDatasetCommand(program, context);
  tutti::AddSubmitCommand(program, context);
  tutti::AddWatchCommand(program, context);
  tutti::AddTableCommand(program, context);
  tutti::AddCompareCommand(program, context);
  tutti::AddReportCommand(program, context);
  tutti::AddExportCommand(program, context);
  tutti::AddSweepsCommand(program, context);
  tutti::AddJobsCommand(program, context);
  tutti::AddShowCommand(program, context);
  tutti::AddLogsCommand(program, context);
  tutti::AddCheckpointCommand(program, context);
  tutti::AddPredictCommand(program, context);
  tutti::AddReplayCommand(program, context);
  tutti::AddInviteCommands(program, context);
  tutti::AddDoctorCommand(program, context);
  tutti::AddExplainCommand(program, context);
  tutti::AddWorkersCommand(program, context);
  tutti::AddWorkerChangeCommands(program, context);
  tutti::AddSweepChangeCommands(program, context);
  tutti::AddEventsCommand(program, context);
  try {
    program.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return program.exit(e) == 0 ? 0 : tutti::ToInt(tutti::ExitCode::kBadInput);
  }
  return tutti::ToInt(context.exit_code);
}
