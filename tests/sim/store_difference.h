// Whether two stores hold the same rows.
#pragma once

#include <string>

#include "coordinator/store/store.h"

namespace tutti {

// Empty, or the first difference that was found: of all that a start begins with, and of every
// job's attempts, result, epochs, log and resume file.
std::string FirstDifference(Store& a, Store& b);

}  // namespace tutti
