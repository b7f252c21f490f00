// The runner protocol's side of training: one job line in, events out.
#pragma once

#include <iosfwd>
#include <string>

#include "common/clock.h"
#include "worker/trainer/job_source.h"
#include "worker/trainer/kept_model.h"
#include "worker/trainer/train_run.h"

namespace tutti {

// Runs one job line. Whatever happens, the last event is `result` or `error`; no exception leaves.
Json RunJobLine(const std::string& line, const Clock& clock, const RunHooks& hooks);
// The same; kept: of the job before, and for the next.
Json RunJobLine(const std::string& line, const Clock& clock, const RunHooks& hooks,
                KeptModel& kept);

// One line without its newline. The name of the event comes first: a line that does not start with
// {"event" is log, and sorted keys would put "epoch" or "class" there.
std::string EventLine(const Json& event);

// Says hello, then takes jobs until stdin ends. Events go to `out`, one flushed line each.
void ServeJobs(JobSource& source, std::ostream& out, const Clock& clock);

}  // namespace tutti
