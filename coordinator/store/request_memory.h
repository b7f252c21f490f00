// How long a client's call and its answer are remembered.
#pragma once

#include <chrono>

#include "common/clock.h"

namespace tutti {

inline constexpr std::chrono::milliseconds kRequestMemory = std::chrono::hours(24);

// Requests from before this are forgotten when one of time `now` comes.
inline UnixMillis OldestRemembered(UnixMillis now) {
  return UnixMillis{ToInt(now) - kRequestMemory.count()};
}

}  // namespace tutti
