// `runner` and `config`: a sweep of the user's own program. Its axes and settings are free names;
// what the file gives of the known options goes to the program as well.
#pragma once

#include "coordinator/core/sweep_spec.h"
#include "coordinator/sweep_file/findings.h"
#include "coordinator/sweep_file/yaml_tree.h"

namespace tutti {

// Whether the file names a program of its own.
bool IsCommandSweep(const YamlTree& root);

// After the known options were read: keeps those that say something to a program, and puts
// options.runner and options.config beside them. files: what `tutti submit` sent for runner.files,
// [{"path", "hash", "executable"}], or null.
void ReadCommand(const YamlTree& root, const Json& files, SweepSpec& spec, Findings& findings);

// After the grid was read: every ${name} of the command is the name of a value.
void CheckPlaceholders(const YamlTree& root, const SweepSpec& spec, Findings& findings);

}  // namespace tutti
