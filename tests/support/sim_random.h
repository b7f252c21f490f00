// Chance in a simulation: everything random comes from one generator, so that a seed tells the
// whole story.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>

#include "common/random.h"

namespace tutti {

using SimRandom = std::mt19937_64;

// True with this probability. The standard's distributions differ between libraries; this does not.
inline bool Chance(SimRandom& random, double probability) {
  return static_cast<double>(random() >> 11) * 0x1p-53 < probability;
}
// 0 .. below - 1.
inline std::size_t Pick(SimRandom& random, std::size_t below) {
  return static_cast<std::size_t>(random() % below);
}
// Both ends included.
inline std::chrono::milliseconds Between(SimRandom& random, std::int64_t low_ms,
                                         std::int64_t high_ms) {
  return std::chrono::milliseconds(
      low_ms +
      static_cast<std::int64_t>(Pick(random, static_cast<std::size_t>(high_ms - low_ms + 1))));
}

// Ids and waits of the code under simulation, from the same generator.
class SimRandomSource final : public RandomSource {
 public:
  explicit SimRandomSource(SimRandom& random) : random_(random) {}
  std::string Hex(std::size_t n) override {
    constexpr char kDigits[] = "0123456789abcdef";
    std::string text;
    for (std::size_t i = 0; i < 2 * n; ++i) text.push_back(kDigits[random_() % 16]);
    return text;
  }

 private:
  SimRandom& random_;
};

}  // namespace tutti
