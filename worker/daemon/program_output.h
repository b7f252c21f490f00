// What a program says that is asked before the main loop begins.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "common/result.h"

namespace tutti {

// All of its stdout, once it has ended with exit code 0. Blocks; kDeadlineExceeded: it was silent
// for `silence`, and was ended. kNotFound: no such program.
Result<std::string> OutputOf(const std::vector<std::string>& argv,
                             std::chrono::milliseconds silence);

}  // namespace tutti
