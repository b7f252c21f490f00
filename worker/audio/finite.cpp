#include "worker/audio/finite.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

#include "common/vector_clones.h"

namespace tutti {

TUTTI_VECTOR_CLONES std::optional<std::size_t> FirstNotFinite(std::span<const float> values) {
  constexpr std::uint32_t kExponentBits = 0x7f800000;  // all set: NaN or infinity
  std::uint32_t any = 0;
  for (const float x : values) {  // no early exit: that is what makes it vector code
    any |= (std::bit_cast<std::uint32_t>(x) & kExponentBits) == kExponentBits ? 1U : 0U;
  }
  if (any == 0) return std::nullopt;
  const auto at = std::ranges::find_if_not(values, [](float x) { return std::isfinite(x); });
  return static_cast<std::size_t>(at - values.begin());
}

TUTTI_VECTOR_CLONES float Peak(std::span<const float> values) {
  constexpr std::uint32_t kAllButSign = 0x7fffffff;  // their order is that of the magnitudes
  std::uint32_t largest = 0;
  for (const float x : values) {
    largest = std::max(largest, std::bit_cast<std::uint32_t>(x) & kAllButSign);
  }
  return std::bit_cast<float>(largest);
}

}  // namespace tutti
