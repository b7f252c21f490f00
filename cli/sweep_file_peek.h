// The names in a sweep file that this side needs; the coordinator reads the file for real.
#pragma once

#include <string>
#include <string_view>

#include "common/result.h"

namespace tutti {

struct SweepFileNames {
  std::string name;
  std::string dataset;       // empty: none
  std::string runner_files;  // folder of the user's own program; empty: none
};

// kInvalidArgument, naming `file`: no YAML, or no `name`, or one that cannot be part of a folder's
// name.
Result<SweepFileNames> PeekSweepFile(std::string_view text, const std::string& file);

}  // namespace tutti
