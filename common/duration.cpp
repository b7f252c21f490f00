#include "common/duration.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdio>

namespace tutti {
namespace {

using std::chrono::milliseconds;

struct Unit {
  std::string_view name;
  std::int64_t ms;
};
constexpr std::array<Unit, 5> kUnits{
    {{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}}};
constexpr double kLongestMs = 10.0 * 366 * 86'400'000;

Error BadDuration(std::string_view text) {
  return InvalidArgument(
      "duration: expected a number and a unit of ms, s, m, h or d, such as "
      "30s; got \"" +
      std::string(text) + "\"");
}

}  // namespace

Result<milliseconds> ParseDuration(std::string_view text) {
  double number = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (error != std::errc{} || number < 0) return BadDuration(text);
  const std::string_view unit(end, text.data() + text.size());
  if (unit.empty() && number == 0) return milliseconds(0);
  for (const Unit& candidate : kUnits) {
    if (unit != candidate.name) continue;
    const double ms = number * static_cast<double>(candidate.ms);
    if (ms > kLongestMs) return BadDuration(text);
    return milliseconds(std::llround(ms));
  }
  return BadDuration(text);
}

std::string FormatDuration(milliseconds duration) {
  if (duration.count() == 0) return "0";
  for (const Unit& unit : kUnits) {
    if (duration.count() % unit.ms == 0) {
      return std::to_string(duration.count() / unit.ms) + std::string(unit.name);
    }
  }
  return std::to_string(duration.count()) + "ms";
}

std::string FormatElapsed(milliseconds duration) {
  const std::int64_t seconds = (duration.count() + 500) / 1000;
  if (duration < std::chrono::seconds(10)) {
    char buffer[32];
    std::snprintf(buffer, sizeof(buffer), "%.1fs", static_cast<double>(duration.count()) / 1000.0);
    return buffer;
  }
  const auto two = [](std::int64_t big, const char* big_unit, std::int64_t small,
                      const char* small_unit) {
    return std::to_string(big) + big_unit + " " + std::to_string(small) + small_unit;
  };
  if (seconds < 60) return std::to_string(seconds) + "s";
  if (seconds < 3600) return two(seconds / 60, "m", seconds % 60, "s");
  if (seconds < 86'400) return two(seconds / 3600, "h", seconds % 3600 / 60, "m");
  return two(seconds / 86'400, "d", seconds % 86'400 / 3600, "h");
}

}  // namespace tutti
