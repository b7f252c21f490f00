// What our runners find in their environment beside the parent's own.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace tutti {

// OpenMP's threads (GNU's, which LibTorch brings) wait for each other on the processor: for long,
// as if no other process wanted it, and a training beside busy neighbours takes six times as long.
// They wait long enough here for the threads of a step, then let others run. Nothing where the user
// has set how they wait (GOMP_SPINCOUNT, OMP_WAIT_POLICY).
std::vector<std::pair<std::string, std::string>> RunnerEnvironment();

}  // namespace tutti
