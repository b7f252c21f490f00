// Watching one sweep until it ends: a plain line when something changed.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cli/connection.h"
#include "common/result.h"
#include "tutti/v1/sweep.pb.h"

namespace tutti {

struct SweepCounts {
  std::int64_t planned = 0;  // without cancelled ones
  std::int64_t succeeded = 0;
  std::int64_t failed = 0;
  std::int64_t cancelled = 0;
  std::int64_t running = 0;  // leased ones too
  std::int64_t waiting = 0;
  std::int64_t shards = 0;
  std::int64_t shards_done = 0;

  bool ended() const { return running == 0 && waiting == 0; }
};

SweepCounts CountsOf(const v1::SweepInfo& sweep);

// What stands on a terminal, redrawn in place: a bar for shards, one for runs, the time that is
// left, and what runs now. columns: width of the terminal; no line is longer. Few enough lines for
// `rows`.
std::vector<std::string> ProgressLines(const v1::GetSweepResponse& sweep, std::size_t columns,
                                       std::size_t rows);

// "12m – 18m"; empty while nothing can be told.
std::string RemainingText(const v1::GetSweepResponse& sweep);

// "shards 3/4, runs 2/8, 2 running (rnn 1s seed 333: epoch 4, loss 1.23), 1 failed"
std::string ProgressLine(const v1::GetSweepResponse& sweep);

// Asks until no run waits or runs. On stderr: bars where it is a terminal, else a line whenever it
// changed; nothing when quiet.
// `still_fine`: asked each time, its error ends the wait. kCancelled: the user asked to stop.
Result<SweepCounts> WaitForSweep(Context& context, Connection& connection, const std::string& name,
                                 const std::function<Status()>& still_fine);
// The same with the whole screen of a terminal: below the progress stands what `more` gives, as
// much of its end as there is room for. Elsewhere `more` is not asked. With --json a line on stdout
// whenever anything but the time left changed.
using MoreLines = std::function<Result<std::vector<std::string>>()>;
Result<SweepCounts> WatchSweep(Context& context, Connection& connection, const std::string& name,
                               const MoreLines& more);

}  // namespace tutti
