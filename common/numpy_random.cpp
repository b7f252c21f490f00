#include "common/numpy_random.h"

#include <bit>
#include <numeric>

namespace tutti {
namespace {

// Constants of MT19937 as its authors name them.
constexpr std::size_t kN = 624;
constexpr std::size_t kM = 397;
constexpr std::uint32_t kMatrixA = 0x9908b0dfU;
constexpr std::uint32_t kUpperMask = 0x80000000U;
constexpr std::uint32_t kLowerMask = 0x7fffffffU;
constexpr std::uint32_t kKnuthMultiplier = 1812433253U;

}  // namespace

NumpyRandomState::NumpyRandomState(std::uint32_t seed) {
  state_[0] = seed;
  for (std::size_t i = 1; i < kN; ++i) {
    const std::uint32_t before = state_[i - 1];
    state_[i] = kKnuthMultiplier * (before ^ (before >> 30)) + static_cast<std::uint32_t>(i);
  }
}

void NumpyRandomState::Refill() {
  for (std::size_t i = 0; i < kN; ++i) {
    const std::uint32_t y = (state_[i] & kUpperMask) | (state_[(i + 1) % kN] & kLowerMask);
    state_[i] = state_[(i + kM) % kN] ^ (y >> 1) ^ ((y & 1) != 0 ? kMatrixA : 0);
  }
  at_ = 0;
}

std::uint32_t NumpyRandomState::Next32() {
  if (at_ == kN) Refill();
  std::uint32_t y = state_[at_++];
  y ^= y >> 11;
  y ^= (y << 7) & 0x9d2c5680U;
  y ^= (y << 15) & 0xefc60000U;
  y ^= y >> 18;
  return y;
}

std::uint32_t NumpyRandomState::Interval(std::uint32_t max) {
  if (max == 0) return 0;
  const std::uint32_t mask = ~std::uint32_t{0} >> std::countl_zero(max);
  while (true) {
    const std::uint32_t value = Next32() & mask;
    if (value <= max) return value;
  }
}

std::vector<std::int64_t> NumpyRandomState::Permutation(std::size_t n) {
  std::vector<std::int64_t> items(n);
  std::iota(items.begin(), items.end(), 0);
  Shuffle(items);
  return items;
}

}  // namespace tutti
