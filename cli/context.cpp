#include "cli/context.h"

#include <iostream>
#include <utility>

namespace tutti {

void AddCommonOptions(CLI::App& command, Context& context) {
  command.add_option("--profile", context.profile,
                     "profile of a coordinator (default: $TUTTI_PROFILE, else profile.json in the "
                     "user's configuration folder)");
  command.add_option("--dir", context.dir, "folder of a `tutti local`, in place of a profile");
  command.add_flag("--json", context.json, "JSON on stdout, of a stable form");
  command.add_flag("-q,--quiet", context.quiet, "names and ids only");
}

void SetAction(CLI::App& command, Context& context, std::function<Result<ExitCode>()> action) {
  command.callback([&context, action = std::move(action)] {
    const Result<ExitCode> result = action();
    if (result.ok()) {
      context.exit_code = *result;
      return;
    }
    std::cout.flush();
    std::cerr << "tutti: " << result.error().message << '\n';
    context.exit_code = ExitCodeOf(result.error());
  });
}

}  // namespace tutti
