// One sweep in a page: how far it is, and how good its estimates were.
#pragma once

#include <string>

#include "cli/context.h"
#include "cli/exit_code.h"
#include "common/result.h"

namespace tutti {

// Prints it. kNotFound: no such sweep.
Result<ExitCode> ShowSweep(Context& context, const std::string& name);

}  // namespace tutti
