// When a worker is to end, as its operator types it.
#pragma once

#include <string>
#include <string_view>

#include "common/clock.h"
#include "common/result.h"

namespace tutti {

// Local time. "08:00" is the next time it is that late, today or tomorrow; "2026-11-24T08:00" is
// that moment, which may be past. Seconds may follow (":30"). kInvalidArgument: anything else, and
// days that no calendar has.
Result<UnixMillis> ParseEndTime(std::string_view text, UnixMillis now);

// "2026-11-24 08:00:00", local.
std::string FormatEndTime(UnixMillis time);

}  // namespace tutti
