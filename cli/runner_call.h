// A runner (tutti-preprocess, tutti-train) as a child of this command, for one job.
#pragma once

#include <string>
#include <vector>

#include "cli/context.h"
#include "common/json.h"
#include "common/result.h"

namespace tutti {

// Starts `program`, a binary beside this one, gives it the job line and returns its events, the
// last one `result`. Its log goes to stderr. kInvalidArgument: it refused the job (bad_config,
// bad_data), in its own words. kResourceExhausted: out of memory. kCancelled: the user asked to
// stop. kNotFound: there is no such binary. kInternal: it ended without a result.
// arguments: of the program; none: it is a runner.
Result<std::vector<Json>> CallRunner(Context& context, const std::string& program, const Json& job,
                                     const std::vector<std::string>& arguments = {});

}  // namespace tutti
