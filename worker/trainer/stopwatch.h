// Wall time in laps.
#pragma once

#include <chrono>

#include "common/clock.h"

namespace tutti {

// Not thread-safe. The clock outlives it.
class Stopwatch {
 public:
  explicit Stopwatch(const Clock& clock) : clock_(clock), start_(clock.SteadyNow()) {}

  // Seconds since the last lap, or since it was made.
  double Lap() {
    const SteadyTime now = clock_.SteadyNow();
    const double seconds = std::chrono::duration<double>(now - start_).count();
    start_ = now;
    return seconds;
  }

 private:
  const Clock& clock_;
  SteadyTime start_;
};

}  // namespace tutti
