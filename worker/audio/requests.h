// What `tutti dataset check` and `tutti dataset figure` ask of tutti-preprocess: one JSON line
// each.
#pragma once

#include <string_view>

#include "common/result.h"
#include "worker/audio/line_io.h"

namespace tutti {

// {"files": [path, …], "threads": n} → an event `audio` {index, and undecodable, or sample_rate_hz,
// channels, seconds, silent, constant, truncated, pcm_hash} a file, in any order, then `result`.
// kInvalidArgument: not of that form. Else as CheckAudio.
Status ServeCheck(std::string_view request, EventWriter& events);

// {"panels": [{"title", "audio", "start_seconds"}, …], "features": {}, "seconds", "output"} →
// `result` when the figure is there. Errors as DrawMelFigure.
Status ServeFigure(std::string_view request, EventWriter& events);

// The event that tells a failure, in the runner protocol's classes.
void TellFailure(const Error& error, EventWriter& events);

}  // namespace tutti
