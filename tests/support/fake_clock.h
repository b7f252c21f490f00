// A clock that moves only when a test says so. Thread-safe.
#pragma once

#include <atomic>
#include <chrono>

#include "common/clock.h"

namespace tutti {

class FakeClock final : public Clock {
 public:
  SteadyTime SteadyNow() const override { return SteadyTime(std::chrono::milliseconds(now_ms_)); }
  UnixMillis WallNow() const override { return UnixMillis{kStartMs + now_ms_}; }
  void Advance(std::chrono::milliseconds by) { now_ms_ += by.count(); }

 private:
  static constexpr std::int64_t kStartMs = 1'700'000'000'000;
  std::atomic<std::int64_t> now_ms_{1'000'000};
};

}  // namespace tutti
