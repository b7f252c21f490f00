#include "common/clock.h"

namespace tutti {

SteadyTime SystemClock::SteadyNow() const {
  return std::chrono::steady_clock::now();
}

UnixMillis SystemClock::WallNow() const {
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  return UnixMillis{std::chrono::duration_cast<std::chrono::milliseconds>(since_epoch).count()};
}

}  // namespace tutti
