// keep_weights, resources, max_attempts, time_limit, priority: what is no part of a run's identity.
#pragma once

#include "coordinator/core/sweep_spec.h"
#include "coordinator/sweep_file/findings.h"
#include "coordinator/sweep_file/yaml_tree.h"

namespace tutti {

// What the file does not give keeps its default. root: a map.
void ReadOperational(const YamlTree& root, OperationalOptions& options, Findings& findings);

}  // namespace tutti
