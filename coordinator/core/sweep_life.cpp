#include "coordinator/core/sweep_life.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "common/check.h"
#include "common/nearest_word.h"
#include "coordinator/core/feature_flow.h"
#include "coordinator/core/sweep_spec.h"

namespace tutti {
namespace {

std::vector<JobId> RunsOf(const Books& books, SweepId sweep) {
  std::vector<JobId> runs;
  for (const auto& [id, job] : books.jobs) {
    if (job.sweep == sweep && job.kind != JobKind::kPreprocess) runs.push_back(id);
  }
  std::ranges::sort(runs);
  return runs;
}

bool HasEnded(const Job& job) {
  const JobPhase phase = job::PhaseOf(job.state);
  return phase == JobPhase::kSucceeded || phase == JobPhase::kFailed ||
         phase == JobPhase::kCancelled;
}

bool IsAwaited(const Books& books, const FeatureSet& set) {
  return std::ranges::any_of(set.runs, [&](JobId run) {
    return job::PhaseOf(books.JobOf(run).state) == JobPhase::kBlocked;
  });
}

class SweepChanger {
 public:
  SweepChanger(Books& books, Batch& batch, JobDriver& driver, Sweep& sweep)
      : books_(books), batch_(batch), driver_(driver), sweep_(sweep) {}

  Result<SweepChangeReport> Carry(const CancelSweep&) {
    for (const JobId run : RunsOf(books_, sweep_.record.id)) {
      if (!HasEnded(books_.JobOf(run))) Take(run, job::Cancel{});
    }
    CancelShardsNobodyAwaits();
    return Done("sweep_cancelled");
  }

  Result<SweepChangeReport> Carry(const RetrySweep& retry) {
    const std::vector<JobId> runs = RunsOf(books_, sweep_.record.id);
    std::set<FeatureSetId> sets;
    for (const JobId run : runs) {
      if (IsWanted(books_.JobOf(run), retry)) sets.insert(books_.JobOf(run).feature_set);
    }
    sets.erase(FeatureSetId{});
    // Brings back the runs that failed only because of them.
    std::set<JobId> brought_back;
    for (const JobId run : runs) {
      if (job::FailureOf(books_.JobOf(run).state) == FailureClass::kDependencyFailed) {
        brought_back.insert(run);
      }
    }
    for (const FeatureSetId set : sets) RetryShards(books_, driver_, set);
    for (const JobId run : brought_back) report_.runs += HasEnded(books_.JobOf(run)) ? 0 : 1;
    for (const JobId run : runs) {
      const Job& job = books_.JobOf(run);
      if (!IsWanted(job, retry)) continue;
      const bool waits = job.feature_set != FeatureSetId{} &&
                         books_.feature_sets.at(job.feature_set).remaining > 0;
      Take(run, job::Retry{waits ? job::Dependencies::kMissing : job::Dependencies::kMet});
    }
    return Done("sweep_retried");
  }

  Result<SweepChangeReport> Carry(const PauseSweep&) { return SetState(SweepState::kPaused); }
  Result<SweepChangeReport> Carry(const ResumeSweep&) { return SetState(SweepState::kActive); }

  Result<SweepChangeReport> Carry(const SetSweepPriority& change) {
    if (sweep_.record.priority == change.priority) return report_;
    const std::string what = "the stored specification of sweep " + sweep_.record.name;
    TUTTI_ASSIGN_OR_RETURN(const Json json, ParseJson(sweep_.record.spec_json, what));
    TUTTI_ASSIGN_OR_RETURN(SweepSpec spec, SweepSpecFromJson(json));
    spec.operational.priority = change.priority;
    sweep_.record.spec_json = DumpJson(ToJson(spec));
    sweep_.record.priority = change.priority;
    Store();
    RequeueShards(books_, sweep_.record.id);
    return Done("sweep_priority", "now " + std::to_string(change.priority));
  }

  // The row stays under a name that nobody can give, since shards and events name it.
  Result<SweepChangeReport> Carry(const DeleteSweep&) {
    const std::vector<JobId> runs = RunsOf(books_, sweep_.record.id);
    const auto live = std::ranges::count_if(
        runs, [&](JobId run) { return job::LiveAttempt(books_.JobOf(run).state).has_value(); });
    if (live > 0) {
      return FailedPrecondition("sweep " + sweep_.record.name + ": " + std::to_string(live) +
                                " attempts run; cancel it first, or pause it and wait");
    }
    for (const JobId run : runs) {
      if (!HasEnded(books_.JobOf(run))) Take(run, job::Cancel{});
    }
    CancelShardsNobodyAwaits();
    RemoveRuns(books_, batch_, runs);
    report_.runs = static_cast<std::int64_t>(runs.size());
    const std::string name = sweep_.record.name;
    sweep_.record.name += "#" + std::to_string(sweep_.record.id.value);
    sweep_.record.state = SweepState::kDeleted;
    sweep_.record.source.clear();
    Store();
    RequeueShards(books_, sweep_.record.id);
    return Done("sweep_deleted", name);
  }

 private:
  static bool IsWanted(const Job& job, const RetrySweep& retry) {
    const JobPhase phase = job::PhaseOf(job.state);
    return phase == JobPhase::kFailed || (phase == JobPhase::kCancelled && !retry.only_failed);
  }

  void Take(JobId run, const job::Event& event) {
    const Status taken = driver_.Drive(run, event, {"asked for by a person"});
    TUTTI_CHECK(taken.ok(), taken.ok() ? "" : taken.error().message);
    ++report_.runs;
  }

  void CancelShardsNobodyAwaits() {
    for (const auto& [id, set] : books_.feature_sets) {
      if (!set.sweeps.contains(sweep_.record.id)) continue;
      const std::vector<JobId> shard_jobs = set.record.shard_jobs;
      for (const JobId shard_job : shard_jobs) {
        const auto& sets = books_.shards.at(shard_job).sets;
        const bool awaited = std::ranges::any_of(sets, [&](FeatureSetId other) {
          return IsAwaited(books_, books_.feature_sets.at(other));
        });
        if (awaited || HasEnded(books_.JobOf(shard_job))) continue;
        const Status cancelled = driver_.Drive(shard_job, job::Cancel{}, {"nobody waits for it"});
        TUTTI_CHECK(cancelled.ok(), "a shard that has not ended could not be cancelled");
      }
    }
  }

  Result<SweepChangeReport> SetState(SweepState state) {
    if (sweep_.record.state == state) return report_;
    sweep_.record.state = state;
    Store();
    RequeueShards(books_, sweep_.record.id);
    return Done(state == SweepState::kPaused ? "sweep_paused" : "sweep_resumed");
  }

  void Store() { batch_.changes.push_back(PutSweep{sweep_.record}); }

  Result<SweepChangeReport> Done(std::string kind, std::string detail = "") {
    EventRecord event;
    event.kind = std::move(kind);
    event.sweep = sweep_.record.id;
    event.detail = detail.empty() ? std::to_string(report_.runs) + " runs" : std::move(detail);
    batch_.Event(std::move(event));
    report_.drops = batch_.drops;
    return report_;
  }

  Books& books_;
  Batch& batch_;
  JobDriver& driver_;
  Sweep& sweep_;
  SweepChangeReport report_;
};

}  // namespace

Result<SweepChangeReport> ChangeSweepInBooks(Books& books, Batch& batch, JobDriver& driver,
                                             const std::string& name, const SweepChange& change) {
  Sweep* sweep = books.FindSweep(name);
  if (sweep == nullptr) {
    std::vector<std::string> names;
    for (const auto& [id, known] : books.sweeps) names.push_back(known.record.name);
    return NotFound("no sweep is named \"" + name + "\"" +
                    DidYouMean(name, names, "tutti sweeps shows what there is"));
  }
  TUTTI_RETURN_IF_ERROR(books.MayChange(*sweep));
  SweepChanger changer(books, batch, driver, *sweep);
  return std::visit([&](const auto& c) { return changer.Carry(c); }, change);
}

Status CancelJobInBooks(Books& books, Batch&, JobDriver& driver, JobId id) {
  const auto found = books.jobs.find(id);
  const std::string name = "job " + std::to_string(id.value);
  if (found == books.jobs.end()) return NotFound("no " + name);
  const Sweep& sweep = books.sweeps.at(found->second.sweep);
  if (sweep.record.expansion && id > sweep.record.expansion->after) {
    TUTTI_RETURN_IF_ERROR(books.MayChange(sweep));
  }
  if (HasEnded(found->second)) {
    return FailedPrecondition(name + " has ended already (" +
                              std::string(Name(job::PhaseOf(found->second.state))) + ")");
  }
  return driver.Drive(id, job::Cancel{}, {"asked for by a person"});
}

void RemoveRuns(Books& books, Batch& batch, const std::vector<JobId>& runs) {
  std::map<FeatureSetId, std::set<JobId>> gone;
  std::set<SweepId> sweeps;
  for (const JobId id : runs) {
    const Job& job = books.JobOf(id);
    TUTTI_CHECK(HasEnded(job), "a run that is waiting or live is removed");
    if (job.feature_set != FeatureSetId{}) gone[job.feature_set].insert(id);
    sweeps.insert(job.sweep);
    batch.changes.push_back(RemoveRun{id, job.sweep});
    books.attempts.erase(books.attempts.lower_bound({id, 0}),
                         books.attempts.lower_bound({JobId{id.value + 1}, 0}));
    books.jobs.erase(id);
  }
  for (const auto& [set_id, of_set] : gone) {
    FeatureSet& set = books.feature_sets.at(set_id);
    // In id order: what goes may be a small part at the end.
    const auto first = std::ranges::lower_bound(set.runs, *of_set.begin());
    set.runs.erase(
        std::remove_if(first, set.runs.end(), [&](JobId run) { return of_set.contains(run); }),
        set.runs.end());
    std::erase_if(set.sweeps, [&](SweepId sweep) {
      return sweeps.contains(sweep) && std::ranges::none_of(set.runs, [&](JobId run) {
               return books.JobOf(run).sweep == sweep;
             });
    });
  }
}

void RequeueShards(Books& books, SweepId sweep) {
  for (const auto& [set_id, set] : books.feature_sets) {
    for (const JobId id : set.record.shard_jobs) {
      Job& job = books.JobOf(id);
      if (!set.sweeps.contains(sweep) && job.queue != sweep) continue;
      if (job::PhaseOf(job.state) != JobPhase::kReady) continue;
      books.Dequeue(job);
      job.queue = books.SponsorOf(job);
      books.Enqueue(job);
    }
  }
}

void RetryShards(Books& books, JobDriver& driver, FeatureSetId set) {
  const std::vector<JobId> shard_jobs = books.feature_sets.at(set).record.shard_jobs;
  for (const JobId id : shard_jobs) {
    if (!CountsAsFailed(job::PhaseOf(books.JobOf(id).state))) continue;
    const Status retried = driver.Drive(id, job::Retry{job::Dependencies::kMet});
    TUTTI_CHECK(retried.ok(), "a failed shard could not be retried");
  }
}

}  // namespace tutti
