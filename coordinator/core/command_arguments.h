// A command run's arguments and settings, from its configuration: {"runner": {"command": [...],
// "files": [...], "environment": {...}}, "config": {free names}, known options…}.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/json.h"
#include "common/result.h"

namespace tutti {

// Letters, digits, '_' and '-', beginning with a letter or '_'.
bool IsFreeName(std::string_view name);

// "${name}" becomes the run's value of that name: a free one, or a known option by its dotted path;
// "$$" becomes "$". The result is one argument whatever the value holds. kInvalidArgument: a name
// that is none, an open "${".
Result<std::string> FillArgument(std::string_view argument, const Json& config);

// All arguments of the run.
Result<std::vector<std::string>> FillArguments(const Json& config);

// What the program is told as its configuration: known options, and the free names beside them.
Json ConfigForProgram(const Json& config);

}  // namespace tutti
