// Durations as people type them and read them: "500ms", "30s", "10m", "4h", "2d", "0".
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "common/result.h"

namespace tutti {

// A whole or decimal number and a unit (ms, s, m, h, d); "0" needs none. Range: 0 to 10 years.
// kInvalidArgument: anything else.
Result<std::chrono::milliseconds> ParseDuration(std::string_view text);

// The shortest exact form that ParseDuration reads back: 90000 ms is "90s", 7200000 ms is "2h".
std::string FormatDuration(std::chrono::milliseconds duration);

// For people, rounded to two units: "21m 1s", "3h 5m", "0.4s".
std::string FormatElapsed(std::chrono::milliseconds duration);

}  // namespace tutti
