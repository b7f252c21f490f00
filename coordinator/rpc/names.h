// Names that people give: of datasets and sweeps.
#pragma once

#include <string>

#include "common/result.h"

namespace tutti {

// what: for the message. kInvalidArgument: other than 1 to kMaxNameBytes letters, digits, '-', '_'
// or '.', or one that begins with '-' or '.'.
Status CheckName(const std::string& what, const std::string& name);

}  // namespace tutti
