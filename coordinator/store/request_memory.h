// How long a client's call and its answer are remembered.
#pragma once

#include <chrono>

#include "common/clock.h"

namespace tutti {

inline constexpr std::chrono::milliseconds kRequestMemory = std::chrono::hours(24);

// So many of them are removed with each call that is remembered: more than come, and never many at
// once.
inline constexpr std::int64_t kForgottenAtOnce = 100;

// Requests from before this are forgotten when ones of time `now` come, the oldest first.
inline UnixMillis OldestRemembered(UnixMillis now) {
  return UnixMillis{ToInt(now) - kRequestMemory.count()};
}

}  // namespace tutti
