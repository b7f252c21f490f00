// Waits between tries: they double, and jitter keeps a fleet from coming back all at once.
#pragma once

#include <chrono>

#include "common/random.h"

namespace tutti {

// Not thread-safe.
class Backoff {
 public:
  using Milliseconds = std::chrono::milliseconds;

  Backoff(RandomSource& random, Milliseconds first, Milliseconds longest)
      : random_(random), first_(first), longest_(longest), next_(first) {}

  // first, 2 × first, 4 × first … at most longest; of each, between one half and all.
  Milliseconds Next();
  // After a success.
  void Reset() { next_ = first_; }

 private:
  RandomSource& random_;
  Milliseconds first_;
  Milliseconds longest_;
  Milliseconds next_;
};

}  // namespace tutti
