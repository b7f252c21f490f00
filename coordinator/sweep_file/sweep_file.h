// A sweep file's text as a SweepSpec: checked whole, every finding told with its line.
#pragma once

#include <string>
#include <string_view>

#include "common/result.h"
#include "coordinator/core/sweep_spec.h"

namespace tutti {

// The text of a sweep file (YAML), `file` being its name in messages. Every default is filled in.
// kInvalidArgument, one line a finding as "file:line: what; expected …; got …; nearest right word":
// no YAML, an unknown key, a wrong type or value, an empty axis, a value twice, a slice over the
// clip, too many nodes (alias bombs).
// runner_files: what came with a file that names `runner.files`, [{"path", "hash", "executable"}].
Result<SweepSpec> ParseSweepFile(std::string_view text, const std::string& file,
                                 const Json& runner_files = nullptr);

}  // namespace tutti
