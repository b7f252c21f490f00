#include "common/mcnemar.h"

#include <algorithm>
#include <cmath>

namespace tutti {

double McNemarExact(std::int64_t only_first, std::int64_t only_second) {
  const std::int64_t n = only_first + only_second;
  const std::int64_t fewer = std::min(only_first, only_second);
  // Each item falls to either with 1/2: twice the lower tail, in logarithms since n may be large.
  const double log_all = static_cast<double>(n) * std::log(2.0);
  double tail = 0;
  for (std::int64_t k = 0; k <= fewer; ++k) {
    const double log_ways = std::lgamma(static_cast<double>(n) + 1) -
                            std::lgamma(static_cast<double>(k) + 1) -
                            std::lgamma(static_cast<double>(n - k) + 1);
    tail += std::exp(log_ways - log_all);
  }
  return std::min(1.0, 2 * tail);
}

}  // namespace tutti
