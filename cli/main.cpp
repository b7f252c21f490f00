// tutti: what a person types.
#include <iostream>
#include <string>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/context.h"
#include "cli/terminal.h"
#include "cli/typing_errors.h"
#include "common/rpc/grpc_life.h"
#include "common/version.h"

int main(int argc, char** argv) {
  const tutti::TerminalGuard output(std::cout, STDOUT_FILENO);
  const tutti::TerminalGuard errors(std::cerr, STDERR_FILENO);
  tutti::Interrupt interrupt;
  const tutti::GrpcLife grpc;
  tutti::SystemClock clock;
  tutti::PosixFileSystem files;
  tutti::SystemRandom random;
  tutti::Context context{clock, files, random, interrupt, {}, {}, false, false, {}};

  CLI::App program(
      "Runs sweeps of training experiments and writes the result tables.\n"
      "Example: tutti local sweep.yaml --dataset ~/gtzan/genres");
  program.name("tutti");
  program.set_version_flag("--version", std::string("tutti ") + tutti::kVersion);
  tutti::AddCommands(program, context);
  try {
    program.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    if (e.get_exit_code() == 0) return program.exit(e);  // --help, --version
    const std::string mistyped = tutti::MistypedWord(program, {argv + 1, argv + argc});
    if (mistyped.empty()) {
      program.exit(e);
    } else {
      std::cerr << mistyped << '\n';
    }
    return tutti::ToInt(tutti::ExitCode::kBadInput);
  }
  return tutti::ToInt(context.exit_code);
}
