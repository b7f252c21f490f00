#include "worker/audio/finite.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

namespace tutti {

std::optional<std::size_t> FirstNotFinite(std::span<const float> values) {
  constexpr std::uint32_t kExponentBits = 0x7f800000;  // all set: NaN or infinity
  std::uint32_t any = 0;
  for (const float x : values) {  // no early exit: that is what makes it vector code
    any |= (std::bit_cast<std::uint32_t>(x) & kExponentBits) == kExponentBits ? 1U : 0U;
  }
  if (any == 0) return std::nullopt;
  const auto at = std::ranges::find_if_not(values, [](float x) { return std::isfinite(x); });
  return static_cast<std::size_t>(at - values.begin());
}

}  // namespace tutti
