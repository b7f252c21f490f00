// grid, exclude and include.
#pragma once

#include "coordinator/core/sweep_spec.h"
#include "coordinator/sweep_file/findings.h"
#include "coordinator/sweep_file/yaml_tree.h"

namespace tutti {

// Reads the axes into `spec`, whose options are filled in already; an option with an axis becomes
// null there. An option that has neither value nor axis is a finding. root: a map.
void ReadGrid(const YamlTree& root, SweepSpec& spec, Findings& findings);

}  // namespace tutti
