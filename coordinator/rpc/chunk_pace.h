// How much of a long change goes into one transaction, so that others come in between.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <optional>

#include "common/clock.h"
#include "coordinator/core/core.h"

namespace tutti {

inline constexpr std::size_t kFirstChunk = 4'000;  // jobs; a change of no more is one transaction
inline constexpr std::size_t kLeastChunk = 250;
inline constexpr std::chrono::milliseconds kChunkAim{50};
// No batch holds the writer longer.
inline constexpr std::chrono::milliseconds kChunkLimit{100};

// Owned by one thread.
class ChunkPace {
 public:
  // Jobs of the chunk that begins now. The one before ends no later: what came between counts as
  // its own.
  std::size_t Next(SteadyTime now) {
    if (begun_) Learn(now - *begun_);
    begun_ = now;
    return jobs_;
  }

 private:
  void Learn(std::chrono::nanoseconds took) {
    const auto aim = std::chrono::nanoseconds(kChunkAim);
    const double fits = static_cast<double>(aim.count()) /
                        static_cast<double>(std::max<std::int64_t>(took.count(), 1));
    const double jobs = static_cast<double>(jobs_) * std::min(fits, 2.0);
    jobs_ = std::clamp(static_cast<std::size_t>(jobs), kLeastChunk, kMaxJobsAtOnce);
  }

  std::size_t jobs_ = kFirstChunk;
  std::optional<SteadyTime> begun_;
};

}  // namespace tutti
