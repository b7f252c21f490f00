// Where the study keeps what came of a run: <Model>/seed_<seed>/<length>s, with a folder
// <axis>=<value> below for each further axis.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "common/json.h"

namespace tutti {

// The value of an axis (as tables name it) in a run's configuration; a command's free names are
// below "config" there. Null: it has none.
Json AxisValue(const Json& config, const std::string& axis);

// A relative path of safe names: what is neither letter, digit nor one of ._=+- becomes '_', and no
// name begins with a dot. axes: of the sweep; model, slice_seconds and seed among them have their
// own places.
std::filesystem::path RunFolder(const Json& config, const std::vector<std::string>& axes);

}  // namespace tutti
