#include "coordinator/core/worker_health.h"

#include <algorithm>

namespace tutti {
namespace {

void Pause(WorkerHealth& health, const Moment& now) {
  ++health.times;
  const std::chrono::milliseconds pause = PauseOf(health.times);
  health.until = now.steady + pause;
  health.until_wall = UnixMillis{ToInt(now.wall) + pause.count()};
}

// A place is judged by comparison: where everything fails everywhere it is the jobs.
bool IsToBeSetAside(const WorkerHealth& health, std::optional<UnixMillis> runs_elsewhere_since) {
  if (health.failed.size() < kFailuresInARow) return false;
  return health.others_succeeded ||
         (runs_elsewhere_since && *runs_elsewhere_since < health.failed.front().granted_at);
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

bool NoteFailure(WorkerHealth& health, const FailedHere& failed, const std::string& reason,
                 std::optional<UnixMillis> runs_elsewhere_since, const Moment& now) {
  const Standing standing = StandingOf(health, now.steady);
  // What still ran when it was set aside says nothing new.
  if (standing == Standing::kSetAside) return false;
  health.reason = reason;
  if (standing == Standing::kOnTrial) {
    Pause(health, now);
    return true;
  }
  const auto same = std::ranges::find(health.failed, failed.job, &FailedHere::job);
  if (same == health.failed.end()) health.failed.push_back(failed);
  if (health.failed.size() > kFailuresInARow) health.failed.erase(health.failed.begin());
  if (!IsToBeSetAside(health, runs_elsewhere_since)) return false;
  Pause(health, now);
  return true;
}

bool NoteSuccessElsewhere(WorkerHealth& health, const Moment& now) {
  if (health.failed.empty()) return false;
  health.others_succeeded = true;
  if (health.until || !IsToBeSetAside(health, {})) return false;
  Pause(health, now);
  return true;
}

bool NoteSuccess(WorkerHealth& health) {
  const bool was_set_aside = health.until.has_value();
  health = WorkerHealth{};
  return was_set_aside;
}

}  // namespace tutti
