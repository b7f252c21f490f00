// A sweep's progress, drawn on the terminal that stderr is.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "tutti/v1/sweep.pb.h"

namespace tutti {

// Draws over what it drew before, or on a screen of its own, which its end gives back. The size of
// the terminal is asked for each time. One terminal; not thread-safe.
class ProgressDisplay {
 public:
  enum class Room { kInPlace, kWholeScreen };

  explicit ProgressDisplay(Room room);
  ~ProgressDisplay();
  ProgressDisplay(const ProgressDisplay&) = delete;
  ProgressDisplay& operator=(const ProgressDisplay&) = delete;

  // more: lines below, of which at most half a screen is shown, the last ones.
  void Draw(const v1::GetSweepResponse& sweep, const std::vector<std::string>& more);

 private:
  const bool whole_;
  std::size_t drawn_ = 0;  // lines
};

}  // namespace tutti
