// Logging of the daemons: one line a record on stderr, stdout stays free for ready lines and
// results.
#pragma once

#include <string>

#include "common/result.h"

namespace tutti {

struct LogOptions {
  std::string level = "info";   // trace, debug, info, warn, error, off
  std::string format = "text";  // text; json: an object a line, with time, level, program, message
};

// Call once in main, before threads. kInvalidArgument: another level or format.
Status InitLogging(const std::string& program, const LogOptions& options);

// From any thread, at any time. kInvalidArgument: another level.
Status SetLogLevel(const std::string& level);

}  // namespace tutti
