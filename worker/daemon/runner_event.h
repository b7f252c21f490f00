// What a runner says on its stdout (design: runner protocol), as types.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/result.h"
#include "tutti/v1/common.pb.h"
#include "tutti/v1/worker.pb.h"

namespace tutti {

inline constexpr std::string_view kEventPrefix = "{\"event\"";

inline constexpr std::size_t kMaxArtifactNameBytes = 200;  // the coordinator takes no more

struct RunnerHello {
  std::int64_t protocol = 0;
  bool reusable = false;
};
struct RunnerTrackError {
  std::int64_t track_id = 0;
  std::string message;
};
struct RunnerArtifact {
  std::string name;  // a safe relative path, as files are called so later
  std::string path;  // relative to the job's output folder; not checked yet
};
// What a later attempt can go on from after this epoch; a newer one replaces it.
struct RunnerResume {
  std::string path;  // relative to the job's output folder; not checked yet
  std::int32_t epoch = 0;
};
// What the run's GPU memory came to so far.
struct RunnerGpuMemory {
  std::int64_t peak_bytes = 0;   // the most that its tensors took
  std::int64_t total_bytes = 0;  // that the GPU has; 0: not told
};
// metrics, timings (keys without their "_seconds"), predictions, environment; no artifacts.
struct RunnerResult {
  v1::Finished finished;
};
struct RunnerError {
  v1::FailureClass failure = v1::FAILURE_CLASS_CRASHED;
  std::string message;
};
// A line that is no event: of its stderr, or of its stdout.
struct RunnerLogLine {
  std::string text;  // UTF-8, at most kMaxLogLineBytes
};

using RunnerEvent =
    std::variant<RunnerHello, v1::Progress, v1::EpochPoint, RunnerTrackError, RunnerArtifact,
                 RunnerResume, RunnerGpuMemory, RunnerResult, RunnerError, RunnerLogLine>;

// line: a line of stdout that starts with kEventPrefix. Nothing: an event that this release does
// not know. Numbers may be null where they are no number (NaN). kInvalidArgument: not JSON, or a
// field is missing or of another type; `is_last` tells whether it was meant to end the job.
struct BadEvent {
  Error error;
  bool is_last = false;
};
using ParsedEvent = std::variant<RunnerEvent, std::monostate, BadEvent>;
ParsedEvent ParseRunnerEvent(std::string_view line);

}  // namespace tutti
