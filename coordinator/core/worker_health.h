// Whether a worker, or one GPU of it, is to be given work: what its attempts came to lately.
//
// kFailuresInARow attempts of as many different jobs that end there as out_of_memory, crashed or
// timed_out, while attempts elsewhere go well, set it aside; then it comes back with one job. One
// elsewhere goes well that has succeeded since the first of these, or was granted before the first
// of these and still runs: long runs elsewhere must not leave a bad place time to use up the jobs.
// Kept in memory alone: after a start of the coordinator everybody begins with a clean sheet.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/clock.h"
#include "common/ids.h"
#include "coordinator/core/job_kinds.h"
#include "coordinator/core/moment.h"

namespace tutti {

inline constexpr std::size_t kFailuresInARow = 3;
// The first pause; each further one without a success between is twice as long.
inline constexpr std::chrono::milliseconds kFirstPause{60'000};
inline constexpr std::chrono::milliseconds kLongestPause{64 * 60'000};

enum class Standing {
  kTrusted,
  kSetAside,  // no work
  kOnTrial,   // one job at a time, until one succeeds
};

struct FailedHere {
  JobId job;
  UnixMillis granted_at{};
};

struct WorkerHealth {
  std::vector<FailedHere> failed;   // in a row, each job once, oldest first
  bool others_succeeded = false;    // since the first of these
  std::int32_t times = 0;           // set aside in a row
  std::optional<SteadyTime> until;  // set aside; past: on trial
  UnixMillis until_wall{};
  std::string reason;  // of the last failure
};

// True for the classes that tell of the place as much as of the job.
bool TellsOfPlace(FailureClass failure);

Standing StandingOf(const WorkerHealth& health, SteadyTime now);
// times: 1 for the first.
std::chrono::milliseconds PauseOf(std::int32_t times);

// Each returns true when it sets the place aside.
// runs_elsewhere_since: when the oldest live attempt elsewhere was granted; nothing: there is none.
bool NoteFailure(WorkerHealth& health, const FailedHere& failed, const std::string& reason,
                 std::optional<UnixMillis> runs_elsewhere_since, const Moment& now);
bool NoteSuccessElsewhere(WorkerHealth& health, const Moment& now);
// Clears everything. True when the place had been set aside and is trusted again.
bool NoteSuccess(WorkerHealth& health);

}  // namespace tutti
