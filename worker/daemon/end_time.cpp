#include "worker/daemon/end_time.h"

#include <array>
#include <cctype>
#include <cstdint>
#include <ctime>
#include <optional>

namespace tutti {
namespace {

constexpr int kWithSeconds = 8;
constexpr int kDateAndT = 11;  // of "2026-11-24T"

Error BadTime(std::string_view text) {
  return InvalidArgument(
      "time: expected a local time as HH:MM (the next one) or YYYY-MM-DDTHH:MM, such as 08:00 or "
      "2026-11-24T08:00; got \"" +
      std::string(text) + "\"");
}

// Each digit of `shape` stands for any digit; everything else for itself.
bool HasShape(std::string_view text, std::string_view shape) {
  if (text.size() != shape.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool digit = std::isdigit(static_cast<unsigned char>(text[i])) != 0;
    if (shape[i] == '0' ? !digit : text[i] != shape[i]) return false;
  }
  return true;
}

int Number(std::string_view digits) {
  int number = 0;
  for (const char digit : digits) number = 10 * number + (digit - '0');
  return number;
}

bool ReadTimeOfDay(std::string_view text, std::tm& into) {
  if (!HasShape(text, "00:00") && !HasShape(text, "00:00:00")) return false;
  into.tm_hour = Number(text.substr(0, 2));
  into.tm_min = Number(text.substr(3, 2));
  into.tm_sec = text.size() == kWithSeconds ? Number(text.substr(6, 2)) : 0;
  return into.tm_hour < 24 && into.tm_min < 60 && into.tm_sec < 60;
}

// Nothing for a day that is in no calendar.
std::optional<UnixMillis> ToUnix(std::tm local) {
  local.tm_isdst = -1;
  std::tm normal = local;
  const std::time_t seconds = std::mktime(&normal);
  const bool same_day = normal.tm_mday == local.tm_mday && normal.tm_mon == local.tm_mon;
  if (seconds == -1 || !same_day) return std::nullopt;
  return UnixMillis{static_cast<std::int64_t>(seconds) * 1000};
}

std::tm ToLocal(UnixMillis time) {
  const std::time_t seconds = static_cast<std::time_t>(ToInt(time) / 1000);
  std::tm local{};
  ::localtime_r(&seconds, &local);
  return local;
}

std::optional<UnixMillis> NextTimeOfDay(std::tm time_of_day, UnixMillis now) {
  std::tm local = ToLocal(now);
  local.tm_hour = time_of_day.tm_hour;
  local.tm_min = time_of_day.tm_min;
  local.tm_sec = time_of_day.tm_sec;
  const auto today = ToUnix(local);
  if (!today || ToInt(*today) > ToInt(now)) return today;
  ++local.tm_mday;
  local.tm_isdst = -1;
  (void)std::mktime(&local);  // the first of a month comes after its last
  local.tm_hour = time_of_day.tm_hour;
  return ToUnix(local);
}

}  // namespace

Result<UnixMillis> ParseEndTime(std::string_view text, UnixMillis now) {
  std::tm local{};
  std::optional<UnixMillis> time;
  if (text.size() <= kWithSeconds) {
    if (ReadTimeOfDay(text, local)) time = NextTimeOfDay(local, now);
  } else if (HasShape(text.substr(0, kDateAndT), "0000-00-00T") &&
             ReadTimeOfDay(text.substr(kDateAndT), local)) {
    local.tm_year = Number(text.substr(0, 4)) - 1900;
    local.tm_mon = Number(text.substr(5, 2)) - 1;
    local.tm_mday = Number(text.substr(8, 2));
    time = ToUnix(local);
  }
  if (!time) return BadTime(text);
  return *time;
}

std::string FormatEndTime(UnixMillis time) {
  const std::tm local = ToLocal(time);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S", &local);
  return text.data();
}

}  // namespace tutti
