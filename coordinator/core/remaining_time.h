// How long a sweep still takes, as a range: from what its ended and running runs took.
#pragma once

#include <optional>
#include <span>
#include <string>

namespace tutti {

struct RunPace {
  std::string kind;    // runs of one kind take alike (model and slice length)
  double cost = 0;     // expected beforehand, in any unit that all runs share; above 0
  double done = 0;     // share of its work: 0 for one that waits, 1 for one that ended
  double seconds = 0;  // that it has taken so far
};

struct TimeRange {
  double low_seconds = 0;
  double high_seconds = 0;
};

// at_once: how many run at a time, 1 or more. What a unit of cost takes is learned from runs of the
// same kind, else from all; the range is the middle of what was seen, wider where little was.
// Nothing: no run has told anything yet.
std::optional<TimeRange> EstimateRemaining(std::span<const RunPace> runs, int at_once);

}  // namespace tutti
