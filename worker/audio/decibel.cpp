#include "worker/audio/decibel.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <numeric>

#include "common/vector_clones.h"

namespace tutti {
namespace {

constexpr float kSmallestPower = 1e-10F;
constexpr float kTopDb = 80.0F;
constexpr std::uint32_t kBitsOfSqrtHalf = 0x3f3504f3;
constexpr int kMantissaBits = 23;

// With m in [sqrt(1/2), sqrt(2)) and f = (m - 1) / (m + 1), ln m = 2 atanh f, whose series ends
// below float32's half step long before f^17 (|f| < 0.172). In double, branch-free: the compiler
// makes vector code of the loop that calls it.
inline float Log10(float x) {
  const auto bits = std::bit_cast<std::uint32_t>(x);
  const auto exponent = static_cast<std::int32_t>(bits - kBitsOfSqrtHalf) >> kMantissaBits;
  const double m =
      std::bit_cast<float>(bits - (static_cast<std::uint32_t>(exponent) << kMantissaBits));
  const double f = (m - 1.0) / (m + 1.0);
  const double g = f * f;
  const double series =
      1.0 +
      g * (1.0 / 3 +
           g * (1.0 / 5 +
                g * (1.0 / 7 + g * (1.0 / 9 + g * (1.0 / 11 + g * (1.0 / 13 + g * (1.0 / 15)))))));
  constexpr double kLog10Of2 = std::numbers::ln2 * std::numbers::log10e;
  return static_cast<float>(exponent * kLog10Of2 + 2.0 * std::numbers::log10e * f * series);
}

// The extreme value by `better`. Lanes of their own, so that the compiler may use vector registers:
// it never reorders float comparisons by itself.
template <class Better>
float Extreme(std::span<const float> values, Better better) {
  constexpr std::size_t kLanes = 16;
  std::array<float, kLanes> best;
  best.fill(values[0]);
  std::size_t i = 0;
  for (; i + kLanes <= values.size(); i += kLanes) {
    for (std::size_t j = 0; j < kLanes; ++j) best[j] = better(values[i + j], best[j]);
  }
  for (; i < values.size(); ++i) best[0] = better(values[i], best[0]);
  return std::accumulate(best.begin(), best.end(), best[0], better);
}

float Greater(float a, float b) {
  return a > b ? a : b;
}
float Lesser(float a, float b) {
  return a < b ? a : b;
}

}  // namespace

TUTTI_VECTOR_CLONES void Log10InPlace(std::span<float> values) {
  for (float& x : values) x = Log10(x);
}

TUTTI_VECTOR_CLONES Status PowersToFeatures(std::span<float> values) {
  if (values.empty()) return {};
  const float loudest = Extreme(values, Greater);
  // No NaN can hide from the comparisons: finite samples give finite or infinite powers.
  if (!std::isfinite(loudest)) {
    return DataLoss("the samples are too large: their power is beyond float32");
  }
  const float reference_db = 10.0F * Log10(Greater(kSmallestPower, loudest));
  // One step a loop: together the compiler would split them into branches.
  for (float& x : values) x = Greater(kSmallestPower, x);
  Log10InPlace(values);
  for (float& x : values) x = Greater(-kTopDb, 10.0F * x - reference_db);
  // The loudest value is the reference, so the highest decibel is 0 to the bit: librosa's top_db is
  // relative to it, and min-max needs only the lowest.
  const float range = 0.0F - Extreme(values, Lesser);
  if (range == 0.0F) {
    std::ranges::fill(values, 0.0F);
    return {};
  }
  for (float& x : values) x = (x + range) / range;
  return {};
}

}  // namespace tutti
