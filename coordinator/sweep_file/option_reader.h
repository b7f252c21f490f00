// Options outside the grid: top-level keys and the sections training, features, split.
#pragma once

#include "common/json.h"
#include "coordinator/sweep_file/findings.h"
#include "coordinator/sweep_file/yaml_tree.h"

namespace tutti {

// Fills `options` whole: what the file gives, else the default, null where there is none. Unknown
// top-level keys are findings too. root: a map.
void ReadOptions(const YamlTree& root, Json& options, Findings& findings);

}  // namespace tutti
