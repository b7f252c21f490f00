// Where a job's number and a sweep's name are both taken.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>

namespace tutti {

// Nothing where the text is no whole number above -1 of at most 18 digits.
inline std::optional<std::int64_t> JobNumber(const std::string& text) {
  constexpr std::size_t kMostDigits = 18;
  const bool is_number = !text.empty() && text.size() <= kMostDigits &&
                         std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
  if (!is_number) return std::nullopt;
  return std::stoll(text);
}

}  // namespace tutti
