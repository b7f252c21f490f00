#include "coordinator/upkeep/sweep_watch.h"

#include <utility>

#include "common/json.h"

namespace tutti {
namespace {

constexpr std::int64_t kEventsAtOnce = 5'000;
constexpr char kFirstFailure[] = "first_failure";
constexpr char kSweepEnded[] = "sweep_ended";

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

// What is to be told of the sweep beside what is in `known`, which becomes what is so now.
Result<std::vector<SweepNotice>> LookAt(SweepId id, StoreReader& reader, SweepsTold& known) {
  std::vector<SweepNotice> notices;
  const auto sweep = reader.Sweep(id);
  if (!sweep.ok()) {  // deleted meanwhile
    known.sweeps.erase(id);
    if (sweep.error().code == ErrorCode::kNotFound) return notices;
    return sweep.error();
  }
  TUTTI_ASSIGN_OR_RETURN(const auto counts, reader.CountRuns(id));
  SweepNotice notice;
  notice.id = id;
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
  SweepsTold::Sweep& before = known.sweeps[id];
  if (!std::exchange(before.failed, notice.failed > 0) && before.failed) {
    notice.event = kFirstFailure;
    TUTTI_ASSIGN_OR_RETURN(notice.message, WhyFailed(id, reader));
    notices.push_back(notice);
  }
  const bool has_runs = notice.succeeded + notice.failed + notice.cancelled > 0;
  if (!std::exchange(before.ended, open == 0 && has_runs) && before.ended) {
    notice.event = kSweepEnded;
    notice.message.clear();
    notices.push_back(notice);
  }
  return notices;
}

// The log has the event that was read last: else it is another one, of a new or restored state.
Result<bool> IsOf(StoreReader& reader, const SweepsTold& told) {
  if (told.last_event == 0) return true;
  TUTTI_ASSIGN_OR_RETURN(const auto events, reader.Events(told.last_event - 1, 1));
  return !events.empty();
}

}  // namespace

std::string ToText(const SweepsTold& told) {
  Json sweeps = Json::array();
  for (const auto& [id, sweep] : told.sweeps) {
    sweeps.push_back({{"id", id.value}, {"ended", sweep.ended}, {"failed", sweep.failed}});
  }
  return DumpJson({{"last_event", told.last_event}, {"sweeps", std::move(sweeps)}}) + "\n";
}

Result<SweepsTold> SweepsToldFromText(const std::string& text) {
  const std::string what = "what was told of sweeps";
  const auto read = [&]() -> Result<SweepsTold> {
    TUTTI_ASSIGN_OR_RETURN(const Json json, ParseJson(text, what));
    SweepsTold told;
    TUTTI_ASSIGN_OR_RETURN(told.last_event, Field<std::int64_t>(json, "last_event", what));
    TUTTI_ASSIGN_OR_RETURN(const auto sweeps, Field<std::vector<Json>>(json, "sweeps", what));
    for (const Json& row : sweeps) {
      TUTTI_ASSIGN_OR_RETURN(const auto id, Field<std::int64_t>(row, "id", what));
      SweepsTold::Sweep& sweep = told.sweeps[SweepId{id}];
      TUTTI_ASSIGN_OR_RETURN(sweep.ended, Field<bool>(row, "ended", what));
      TUTTI_ASSIGN_OR_RETURN(sweep.failed, Field<bool>(row, "failed", what));
    }
    return told;
  };
  auto told = read();
  if (!told.ok()) return DataLoss(told.error().message);
  return told;
}

Result<std::vector<SweepNotice>> SweepWatch::Look(StoreReader& reader) {
  if (told_ && !is_of_this_log_) {
    TUTTI_ASSIGN_OR_RETURN(is_of_this_log_, IsOf(reader, *told_));
    if (!is_of_this_log_) told_.reset();
  }
  SweepsTold now = told_.value_or(SweepsTold());
  TUTTI_ASSIGN_OR_RETURN(const auto touched, Touched(now.last_event, reader));
  std::vector<SweepNotice> notices;
  for (const auto& [id, is_tried_again] : touched) {
    if (is_tried_again) now.sweeps.erase(id);
    TUTTI_ASSIGN_OR_RETURN(const auto some, LookAt(id, reader, now));
    notices.insert(notices.end(), some.begin(), some.end());
  }
  seen_ = std::move(now);
  is_of_this_log_ = true;
  if (!told_) notices.clear();
  if (notices.empty()) OnAllTold();
  return notices;
}

// Up to which event the log was read stays: the next look comes upon the others once more.
void SweepWatch::OnTold(const SweepNotice& notice) {
  SweepsTold::Sweep& sweep = told_->sweeps[notice.id];
  (notice.event == kSweepEnded ? sweep.ended : sweep.failed) = true;
}

void SweepWatch::OnAllTold() {
  told_ = seen_;
}

}  // namespace tutti
