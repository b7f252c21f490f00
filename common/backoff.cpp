#include "common/backoff.h"

#include <algorithm>
#include <string>

namespace tutti {

Backoff::Milliseconds Backoff::Next() {
  const Milliseconds base = std::min(next_, longest_);
  next_ = std::min(base * 2, longest_);
  constexpr std::int64_t kSteps = 65'536;  // two random bytes
  const std::int64_t random = std::stoll(random_.Hex(2), nullptr, 16);
  return base / 2 + Milliseconds((base - base / 2).count() * random / (kSteps - 1));
}

}  // namespace tutti
