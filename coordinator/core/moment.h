// One moment by both clocks: limits are kept by the steady one, people are told the wall clock's.
#pragma once

#include "common/clock.h"

namespace tutti {

struct Moment {
  SteadyTime steady;
  UnixMillis wall{};
};

}  // namespace tutti
