// Every bound on what a client or a worker may send, findable from here; coordinator/README.md
// names the test that reaches each. Those that both sides or other layers need stand in their own
// headers, which this one includes:
//   kMaxMessageBytes            a message                                 common/rpc/channel.h
//   kMaxJsonDepth               levels of JSON                            common/json.h
//   kMaxYamlNodes, kMaxYamlDepth  a sweep file, its aliases written out   sweep_file/yaml_tree.h
//   kMaxRunsPerSweep            runs of a sweep                           core/sweep_spec.h
//   kMaxStoredLogBytes          an attempt's log, whoever tells it        core/log_limit.h
//   kMaxWaitingPredictions      files that wait for one worker            rpc/serving_hub.h
// and those of the pages are in http/limits.h. Of the worker's own making: lines of 4,096 bytes,
// told once a second (kLogInterval), 1 MiB an attempt (kMaxLogBytesPerAttempt), in
// worker/daemon/agent.h.
#pragma once

#include <cstddef>
#include <cstdint>

#include "common/json.h"
#include "common/rpc/channel.h"
#include "coordinator/core/log_limit.h"
#include "coordinator/core/sweep_spec.h"
#include "coordinator/rpc/serving_hub.h"
#include "coordinator/sweep_file/yaml_tree.h"

namespace tutti {

inline constexpr std::size_t kMaxNameBytes = 200;  // of datasets, sweeps, workers, artifacts
inline constexpr std::size_t kMaxRequestIdBytes = 64;
inline constexpr std::size_t kMaxSweepFileBytes = 1 << 20;
// A grid of a million runs is worked out beside gRPC's threads; who submits more at once is told
// so.
inline constexpr std::size_t kThreadsForSubmits = 2;
inline constexpr std::size_t kMaxSubmitsWaiting = 64;
inline constexpr int kMaxRunnerFiles = 1'000;  // of a program of the user's own
inline constexpr int kMaxSlotsPerWorker = 4096;
inline constexpr int kMaxDevicesPerWorker = 256;
inline constexpr int kMaxDataRootsPerWorker = 1'000;
inline constexpr int kMaxCachedBlobsTold = 100'000;
inline constexpr int kMaxHeldAttempts = 100'000;
inline constexpr int kMaxEventsPerFrame = 10'000;
inline constexpr int kMaxNamedValues = 1'000;  // metrics, timings, environment of a result
inline constexpr int kMaxArtifacts = 1'000;
inline constexpr int kMaxLogTailLines = 1'000;
inline constexpr int kMaxLinesPerLogEvent =
    1'200'000;  // all of an attempt's log, were each line empty
// Of one line. Workers cut at 4,096 bytes; what was no UTF-8 grows threefold.
inline constexpr std::size_t kMaxLogLineBytes = 16'384;
inline constexpr std::int64_t kLogRowsPerPage = 100;  // of GetLog; one is about a second's lines
inline constexpr int kMaxHashesPerQuery = 100'000;
inline constexpr std::int64_t kMaxUploadBytes = std::int64_t{64} << 30;  // of one blob
inline constexpr int kMaxOpenUploadsPerClient = 64;  // of one name and role, over all connections
// Calls that are open at once over one connection; those beyond wait at the client.
inline constexpr int kMaxStreamsPerConnection = 1'024;
inline constexpr std::int64_t kMaxManifestBytes = std::int64_t{1} << 30;
inline constexpr std::int64_t kJobsPerPage = 1'000;     // of ListJobs
inline constexpr std::int64_t kEventsPerPage = 5'000;   // looked at by one ListEvents
inline constexpr std::size_t kMaxQueuedFrames = 1'000;  // to one worker that does not read

}  // namespace tutti
