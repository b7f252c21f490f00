// NumPy's legacy generator, bit for bit: what scikit-learn draws its splits from.
//
// Source: NumPy RandomState (frozen by NumPy's compatibility policy): MT19937 (Matsumoto and
// Nishimura 1998) seeded by init_genrand; shuffle from the last position down, each index by masked
// rejection on one 32-bit draw.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace tutti {

// Not thread-safe.
class NumpyRandomState {
 public:
  explicit NumpyRandomState(std::uint32_t seed);

  std::uint32_t Next32();
  // Uniform in 0 … max, as RandomState.shuffle draws it. max < 2^32.
  std::uint32_t Interval(std::uint32_t max);

  // In place, as RandomState.shuffle.
  template <class T>
  void Shuffle(std::vector<T>& items) {
    for (std::size_t i = items.size(); i-- > 1;) {
      std::swap(items[i], items[Interval(static_cast<std::uint32_t>(i))]);
    }
  }
  // RandomState.permutation(n).
  std::vector<std::int64_t> Permutation(std::size_t n);

 private:
  static constexpr std::size_t kSize = 624;

  void Refill();

  std::array<std::uint32_t, kSize> state_{};
  std::size_t at_ = kSize;
};

}  // namespace tutti
