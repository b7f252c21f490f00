// Logging of the daemons: one line a record on stderr, stdout stays free for ready lines and
// results.
#pragma once

#include <string>

#include "common/result.h"

namespace tutti {

// level: trace, debug, info, warn, error, off. Call once in main, before threads.
// kInvalidArgument: another level.
Status InitLogging(const std::string& program, const std::string& level);

}  // namespace tutti
