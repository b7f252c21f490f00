// How much of an attempt's log is kept, whoever tells it.
#pragma once

#include <cstdint>

namespace tutti {

// Lines beyond so many bytes of an attempt are not kept (counted anew after a start). Workers end a
// log at kMaxLogBytesPerAttempt; a forged one does not.
inline constexpr std::int64_t kMaxStoredLogBytes = 4 << 20;

}  // namespace tutti
