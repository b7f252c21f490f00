// What an error of this machine's work means for the attempt.
#pragma once

#include <string>

#include "common/result.h"
#include "tutti/v1/worker.pb.h"

namespace tutti {

// The coordinator cannot be reached, or lost its place: the same call may work later.
bool IsPassing(const Error& error);
v1::FailureClass FailureOf(const Error& error);
// Of an input: what only the worker's operator can mend is bad_config, as trying again, here or
// elsewhere, does not help.
v1::FailureClass FetchFailureOf(const Error& error);
// Of an attempt that no process has ended.
v1::Broke BrokeOf(v1::FailureClass failure, const std::string& message);

}  // namespace tutti
