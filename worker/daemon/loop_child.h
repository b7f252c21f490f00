// A child process as an event loop can watch it.
#pragma once

#include <string>

#include "common/process.h"
#include "common/result.h"
#include "common/unique_fd.h"

namespace tutti {

// Makes the child's pipes non-blocking. Gives back a descriptor that is readable when the child has
// ended. name: what it is, for errors.
Result<UniqueFd> PrepareForLoop(ChildProcess& child, const std::string& name);

}  // namespace tutti
