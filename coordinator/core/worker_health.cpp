#include "coordinator/core/worker_health.h"

#include <algorithm>

namespace tutti {
namespace {

void Pause(WorkerHealth& health, SteadyTime steady, UnixMillis wall) {
  ++health.times;
  const std::chrono::milliseconds pause = PauseOf(health.times);
  health.until = steady + pause;
  health.until_wall = UnixMillis{ToInt(wall) + pause.count()};
}

// A place is judged by comparison: where everything fails everywhere it is the jobs.
bool IsToBeSetAside(const WorkerHealth& health) {
  return health.failed.size() >= kFailuresInARow && health.others_succeeded;
}

}  // namespace

bool TellsOfPlace(FailureClass failure) {
  return failure == FailureClass::kOutOfMemory || failure == FailureClass::kCrashed ||
         failure == FailureClass::kTimedOut;
}

Standing StandingOf(const WorkerHealth& health, SteadyTime now) {
  if (!health.until) return Standing::kTrusted;
  return now < *health.until ? Standing::kSetAside : Standing::kOnTrial;
}

std::chrono::milliseconds PauseOf(std::int32_t times) {
  std::chrono::milliseconds pause = kFirstPause;
  for (std::int32_t i = 1; i < times && pause < kLongestPause; ++i) pause *= 2;
  return std::min(pause, kLongestPause);
}

bool NoteFailure(WorkerHealth& health, JobId job, const std::string& reason, SteadyTime steady,
                 UnixMillis wall) {
  const Standing standing = StandingOf(health, steady);
  // What still ran when it was set aside says nothing new.
  if (standing == Standing::kSetAside) return false;
  health.reason = reason;
  if (standing == Standing::kOnTrial) {
    Pause(health, steady, wall);
    return true;
  }
  if (std::ranges::find(health.failed, job) == health.failed.end()) health.failed.push_back(job);
  if (health.failed.size() > kFailuresInARow) health.failed.erase(health.failed.begin());
  if (!IsToBeSetAside(health)) return false;
  Pause(health, steady, wall);
  return true;
}

bool NoteSuccessElsewhere(WorkerHealth& health, SteadyTime steady, UnixMillis wall) {
  if (health.failed.empty()) return false;
  health.others_succeeded = true;
  if (health.until || !IsToBeSetAside(health)) return false;
  Pause(health, steady, wall);
  return true;
}

bool NoteSuccess(WorkerHealth& health) {
  const bool was_set_aside = health.until.has_value();
  health = WorkerHealth{};
  return was_set_aside;
}

}  // namespace tutti
