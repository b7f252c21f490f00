// Time, injected: steady for deadlines and durations, wall for what people read.
#pragma once

#include <chrono>
#include <cstdint>

namespace tutti {

using SteadyTime = std::chrono::time_point<std::chrono::steady_clock, std::chrono::nanoseconds>;

// Milliseconds since the Unix epoch, UTC: the one form in which wall time is stored and sent.
enum class UnixMillis : std::int64_t {};

inline std::int64_t ToInt(UnixMillis time) {
  return static_cast<std::int64_t>(time);
}

// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual SteadyTime SteadyNow() const = 0;
  virtual UnixMillis WallNow() const = 0;
};

class SystemClock final : public Clock {
 public:
  SteadyTime SteadyNow() const override;
  UnixMillis WallNow() const override;
};

}  // namespace tutti
