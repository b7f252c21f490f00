// What must hold between any two calls of the core.
#pragma once

#include <string>
#include <vector>

#include "coordinator/core/books.h"

namespace tutti {

// One line a violation, at most kMaxViolations; empty when all holds. Recounts everything: for
// tests, for a start, for `tutti-coordinator check`.
inline constexpr std::size_t kMaxViolations = 20;
std::vector<std::string> FindViolations(const Books& books);

}  // namespace tutti
