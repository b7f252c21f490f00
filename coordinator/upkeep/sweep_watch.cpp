#include "coordinator/upkeep/sweep_watch.h"

#include <utility>

namespace tutti {
namespace {

constexpr std::int64_t kEventsAtOnce = 5'000;

// Sweeps that something happened to since, and whether that was another try; `last` goes on to the
// newest event.
Result<std::map<SweepId, bool>> Touched(std::int64_t& last, StoreReader& reader) {
  std::map<SweepId, bool> sweeps;
  while (true) {
    TUTTI_ASSIGN_OR_RETURN(const auto events, reader.Events(last, kEventsAtOnce));
    for (const EventRecord& event : events) {
      if (event.sweep) sweeps[*event.sweep] |= event.kind == "sweep_retried";
    }
    if (events.empty()) return sweeps;
    last = events.back().number;
  }
}

// Of one failed run.
Result<std::string> WhyFailed(SweepId sweep, StoreReader& reader) {
  JobFilter failed;
  failed.sweep = sweep;
  failed.phases = {JobPhase::kFailed};
  failed.limit = 1;
  TUTTI_ASSIGN_OR_RETURN(const auto jobs, reader.Jobs(failed));
  if (jobs.empty()) return std::string();
  return "job " + std::to_string(jobs[0].id.value) + ": " + jobs[0].message;
}

}  // namespace

Result<std::vector<SweepNotice>> SweepWatch::Look(StoreReader& reader) {
  TUTTI_ASSIGN_OR_RETURN(const auto touched, Touched(last_event_, reader));
  std::vector<SweepNotice> notices;
  for (const auto& [id, is_tried_again] : touched) {
    if (is_tried_again) known_.erase(id);
    TUTTI_ASSIGN_OR_RETURN(const auto some, LookAt(id, reader));
    if (has_looked_) notices.insert(notices.end(), some.begin(), some.end());
  }
  has_looked_ = true;
  return notices;
}

Result<std::vector<SweepNotice>> SweepWatch::LookAt(SweepId id, StoreReader& reader) {
  std::vector<SweepNotice> notices;
  const auto sweep = reader.Sweep(id);
  if (!sweep.ok()) {  // deleted meanwhile
    known_.erase(id);
    if (sweep.error().code == ErrorCode::kNotFound) return notices;
    return sweep.error();
  }
  TUTTI_ASSIGN_OR_RETURN(const auto counts, reader.CountRuns(id));
  SweepNotice notice;
  notice.sweep = sweep->name;
  std::int64_t open = 0;
  for (const PhaseCount& count : counts) {
    if (count.phase == JobPhase::kSucceeded) {
      notice.succeeded = count.jobs;
    } else if (count.phase == JobPhase::kFailed) {
      notice.failed = count.jobs;
    } else if (count.phase == JobPhase::kCancelled) {
      notice.cancelled = count.jobs;
    } else {
      open += count.jobs;
    }
  }
  Known& known = known_[id];
  if (!std::exchange(known.failed, notice.failed > 0) && known.failed) {
    notice.event = "first_failure";
    TUTTI_ASSIGN_OR_RETURN(notice.message, WhyFailed(id, reader));
    notices.push_back(notice);
  }
  const bool has_runs = notice.succeeded + notice.failed + notice.cancelled > 0;
  if (!std::exchange(known.ended, open == 0 && has_runs) && known.ended) {
    notice.event = "sweep_ended";
    notice.message.clear();
    notices.push_back(notice);
  }
  return notices;
}

}  // namespace tutti
