// The JSON of /api/v1's questions, from the services' own replies.
#pragma once

#include <cstdint>
#include <string>

#include "common/json.h"
#include "common/result.h"
#include "coordinator/http/gateway.h"

namespace tutti {

// {"sweeps": [sweep, with "remaining_seconds": [low, high] or null]}, the newest first.
Result<OrderedJson> SweepsJson(Gateway& gateway, const std::string& token);

// {"sweep", "remaining_seconds", "running": [job], "undecodable", "sweep_file", "table"}
Result<OrderedJson> SweepJson(Gateway& gateway, const std::string& token, const std::string& name);

// {"cost": [{"kind", "model" (of train jobs), "attempts", "running", "seconds", "lost_seconds"}]}:
// what all attempts took until now.
Result<OrderedJson> CostJson(Gateway& gateway, const std::string& token, const std::string& name);

// {"jobs": [job], "more"}: a page of the sweep's jobs with ids above `after`.
Result<OrderedJson> JobsJson(Gateway& gateway, const std::string& token, const std::string& sweep,
                             std::int64_t after);

// {"job": …, "classes", "predictions": [{"path", "label", "predicted", "votes"}]}
Result<OrderedJson> JobJson(Gateway& gateway, const std::string& token, std::int64_t id);

// {"attempt", "lines", "last", "ended"}: lines above number `after`. attempt 0: the newest.
Result<OrderedJson> LogJson(Gateway& gateway, const std::string& token, std::int64_t job,
                            std::int32_t attempt, std::int64_t after);

// {"workers": [worker]}
Result<OrderedJson> WorkersJson(Gateway& gateway, const std::string& token);

struct EventsAsked {
  std::int64_t after = 0;          // the number of the last one known
  std::int64_t since_unix_ms = 0;  // none from before; 0: from the first
  std::string sweep;               // empty: of all
};
// {"events": [event], "last_number" (where to go on)}: a page of the log.
Result<OrderedJson> EventsJson(Gateway& gateway, const std::string& token,
                               const EventsAsked& asked);

// As `tutti explain --json` of a job or, where `job` is 0, of a sweep.
Result<OrderedJson> ExplainJson(Gateway& gateway, const std::string& token, std::int64_t job,
                                const std::string& sweep);

}  // namespace tutti
