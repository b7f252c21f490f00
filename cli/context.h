// What every command shares: the common options, the world it runs in, and how it ends.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include <CLI/CLI.hpp>

#include "cli/exit_code.h"
#include "cli/interrupt.h"
#include "common/clock.h"
#include "common/file_system.h"
#include "common/random.h"
#include "common/result.h"

namespace tutti {

struct Context {
  Clock& clock;
  FileSystem& files;
  RandomSource& random;
  Interrupt& interrupt;

  // Options that every client command takes.
  std::filesystem::path profile;
  std::filesystem::path dir;
  bool json = false;
  bool quiet = false;

  ExitCode exit_code = ExitCode::kDone;
};

// Adds --profile, --dir, --json and --quiet to a command.
void AddCommonOptions(CLI::App& command, Context& context);

// What the command does when it was chosen: a failure is printed and becomes the exit code.
void SetAction(CLI::App& command, Context& context, std::function<Result<ExitCode>()> action);

}  // namespace tutti
