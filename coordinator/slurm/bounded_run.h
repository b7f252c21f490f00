// A program that is run to its end, but not for longer than that may take.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "common/clock.h"
#include "common/result.h"

namespace tutti {

struct BoundedRun {
  std::vector<std::string> command{};
  std::string input{};  // its stdin; smaller than a pipe's room
  std::chrono::milliseconds limit{30'000};
  std::function<bool()> is_stopping{};  // asked every 100 ms; may be left out
};

// Its stdout. kUnavailable: it cannot be run or failed, with what it said on stderr.
// kDeadlineExceeded: it took longer, and was killed. kCancelled: stopping.
Result<std::string> RunBounded(const BoundedRun& run, const Clock& clock);

}  // namespace tutti
