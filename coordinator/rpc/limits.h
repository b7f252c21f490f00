// Every bound on what a client or a worker may send, in one place.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tutti {

inline constexpr std::size_t kMaxNameBytes = 200;  // of datasets, sweeps, workers
inline constexpr std::size_t kMaxSweepFileBytes = 1 << 20;
inline constexpr int kMaxRunnerFiles = 1'000;  // of a program of the user's own
inline constexpr int kMaxSlotsPerWorker = 4096;
inline constexpr int kMaxHeldAttempts = 100'000;
inline constexpr int kMaxEventsPerFrame = 10'000;
inline constexpr int kMaxNamedValues = 1'000;  // metrics, timings, environment of a result
inline constexpr int kMaxArtifacts = 1'000;
inline constexpr int kMaxLogTailLines = 1'000;
inline constexpr int kMaxLinesPerLogEvent =
    1'200'000;  // all of an attempt's log, were each line empty
inline constexpr std::int64_t kLogRowsPerPage = 100;  // of GetLog; one is about a second's lines
inline constexpr int kMaxHashesPerQuery = 100'000;
inline constexpr std::int64_t kMaxManifestBytes = std::int64_t{1} << 30;
inline constexpr std::int64_t kJobsPerPage = 1'000;     // of ListJobs
inline constexpr std::int64_t kEventsPerPage = 5'000;   // looked at by one ListEvents
inline constexpr std::size_t kMaxQueuedFrames = 1'000;  // to one worker that does not read

}  // namespace tutti
