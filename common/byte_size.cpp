#include "common/byte_size.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <string>

namespace tutti {
namespace {

struct Unit {
  std::string_view name;  // in lower case
  double bytes;
};
constexpr double kKibi = 1024;
constexpr std::array<Unit, 9> kUnits{{{"b", 1},
                                      {"kb", 1e3},
                                      {"mb", 1e6},
                                      {"gb", 1e9},
                                      {"tb", 1e12},
                                      {"kib", kKibi},
                                      {"mib", kKibi* kKibi},
                                      {"gib", kKibi* kKibi* kKibi},
                                      {"tib", kKibi* kKibi* kKibi* kKibi}}};
constexpr double kLargest = 1e15;

Error BadSize(std::string_view text) {
  return InvalidArgument(
      "size: expected a number and a unit of B, KB, MB, GB, TB (powers of 1000) or KiB, MiB, GiB, "
      "TiB (of 1024), such as 20GB; got \"" +
      std::string(text) + "\"");
}

}  // namespace

Result<std::uint64_t> ParseByteSize(std::string_view text) {
  double number = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (error != std::errc{} || !(number >= 0)) return BadSize(text);
  std::string unit(end, text.data() + text.size());
  std::ranges::transform(unit, unit.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (unit.empty() && number == 0) return std::uint64_t{0};
  const auto* const found = std::ranges::find(kUnits, unit, &Unit::name);
  if (found == kUnits.end()) return BadSize(text);
  const double bytes = number * found->bytes;
  if (bytes > kLargest) return BadSize(text);
  return static_cast<std::uint64_t>(std::llround(bytes));
}

}  // namespace tutti
