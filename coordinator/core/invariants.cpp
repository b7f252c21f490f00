#include "coordinator/core/invariants.h"

#include <map>
#include <set>
#include <unordered_set>
#include <utility>

#include "coordinator/core/feature_flow.h"

namespace tutti {
namespace {

class Inspector {
 public:
  explicit Inspector(const Books& books) : books_(books) {}

  std::vector<std::string> Inspect() {
    for (const auto& [id, job] : books_.jobs) {
      CheckLiveness(job);
      CheckQueue(job);
      CheckDependency(job);
    }
    for (const auto& [id, set] : books_.feature_sets) CheckFeatureSet(set);
    CheckKeys();
    CheckAttempts();
    CheckCounters();
    for (const auto& [id, sweep] : books_.sweeps) CheckExpansion(sweep.record);
    for (const auto& [id, worker] : books_.workers) CheckWorker(worker);
    CheckRetryPlaces();
    return std::move(found_);
  }

 private:
  void Expect(bool holds, const std::string& violation) {
    if (!holds && found_.size() < kMaxViolations) found_.push_back(violation);
  }
  static std::string NameOf(const Job& job) {
    return "job " + std::to_string(job.id.value) + " (" +
           std::string(Name(job::PhaseOf(job.state))) + ", attempt " +
           std::to_string(job::LastAttempt(job.state)) + ")";
  }

  void CheckLiveness(const Job& job) {
    const auto number = job::LiveAttempt(job.state);
    if (!number) return;
    const AttemptKey key{job.id, *number};
    const WorkerId worker_id = *job::WorkerOf(job.state);
    ++live_of_sweep_[job.queue];
    const auto& expansion = books_.sweeps.at(job.sweep).record.expansion;
    Expect(!expansion || job.kind == JobKind::kPreprocess || job.id <= expansion->after,
           NameOf(job) + " is live, and its submit has not ended");
    const auto attempt = books_.attempts.find(key);
    if (attempt == books_.attempts.end()) {
      Expect(false, NameOf(job) + " has no open attempt");
    } else {
      const AttemptRecord& row = attempt->second.row;
      const bool running = job::PhaseOf(job.state) == JobPhase::kRunning;
      Expect(row.worker == worker_id, NameOf(job) + " and its attempt name different workers");
      Expect(row.outcome == (running ? AttemptOutcome::kRunning : AttemptOutcome::kLeased),
             NameOf(job) + " has an attempt that is " + std::string(Name(row.outcome)));
    }
    const auto worker = books_.workers.find(worker_id);
    Expect(worker != books_.workers.end() && worker->second.live.contains(key),
           NameOf(job) + " is not among the live attempts of its worker " + worker_id.value);
    Expect(books_.deadlines.contains({*job::DeadlineOf(job.state), job.id}),
           NameOf(job) + " has no deadline");
  }

  void CheckQueue(const Job& job) {
    const bool ready = job::PhaseOf(job.state) == JobPhase::kReady;
    const auto queue = books_.sweeps.find(job.queue);
    if (queue == books_.sweeps.end()) return Expect(false, NameOf(job) + " is in no sweep's queue");
    Expect(books_.IsQueued(job) == ready,
           NameOf(job) + (ready ? " is in no ready queue" : " is in a ready queue"));
    ready_jobs_ += ready;
  }

  void CheckDependency(const Job& job) {
    if (job.feature_set == FeatureSetId{}) {
      Expect(job.kind != JobKind::kTrain, NameOf(job) + " has no feature set");
      return;
    }
    const auto found = books_.feature_sets.find(job.feature_set);
    if (found == books_.feature_sets.end()) {
      return Expect(false, NameOf(job) + " waits for a feature set that is not there");
    }
    const FeatureSet& set = found->second;
    ++runs_of_set_[job.feature_set];
    const JobPhase phase = job::PhaseOf(job.state);
    const bool by_dependency = job::FailureOf(job.state) == FailureClass::kDependencyFailed;
    Expect(!by_dependency || set.failed > 0,
           NameOf(job) + " failed by dependency, and no shard has");
    if (phase == JobPhase::kBlocked) {
      Expect(set.remaining > 0, NameOf(job) + " is blocked, and its features are there");
      Expect(set.failed == 0, NameOf(job) + " is blocked on a shard that has failed");
    } else if (phase == JobPhase::kReady || job::LiveAttempt(job.state)) {
      Expect(set.remaining == 0, NameOf(job) + " can run before its features are there");
    }
  }

  void CheckFeatureSet(const FeatureSet& set) {
    const std::string name = "feature set " + std::to_string(set.record.id.value);
    std::int64_t remaining = 0;
    std::int64_t failed = 0;
    for (const JobId id :
         std::set<JobId>(set.record.shard_jobs.begin(), set.record.shard_jobs.end())) {
      const auto job = books_.jobs.find(id);
      if (job == books_.jobs.end()) {
        Expect(false, name + " names a job that is not there");
        continue;
      }
      remaining += CountsAsRemaining(job::PhaseOf(job->second.state));
      failed += CountsAsFailed(job::PhaseOf(job->second.state));
    }
    Expect(set.remaining == remaining, name + " counts " + std::to_string(set.remaining) +
                                           " shards to come; there are " +
                                           std::to_string(remaining));
    Expect(set.failed == failed, name + " counts " + std::to_string(set.failed) +
                                     " failed shards; there are " + std::to_string(failed));
    Expect(static_cast<std::int64_t>(set.runs.size()) == runs_of_set_[set.record.id],
           name + " lists other runs than those that wait for it");
  }

  void CheckKeys() {
    std::map<SweepId, std::unordered_set<Digest, DigestHash>> keys;
    for (const auto& [id, job] : books_.jobs) {
      if (job.kind == JobKind::kPreprocess) continue;
      Expect(keys[job.sweep].insert(job.key).second,
             NameOf(job) + " is there twice in its sweep: another has its key " + ToHex(job.key));
    }
  }

  void CheckAttempts() {
    std::size_t live = 0;
    for (const auto& [key, attempt] : books_.attempts) {
      const auto found = books_.jobs.find(key.job);
      if (found == books_.jobs.end()) {
        Expect(false,
               "an attempt of job " + std::to_string(key.job.value) + ", which is not there");
        continue;
      }
      const Job& job = found->second;
      const bool is_live = attempt.IsLive();
      live += is_live;
      Expect(!is_live || job::LiveAttempt(job.state) == key.attempt,
             NameOf(job) + " has attempt " + std::to_string(key.attempt) + " live beside it");
      Expect(key.attempt >= 1 && key.attempt <= job::LastAttempt(job.state),
             NameOf(job) + " has attempt " + std::to_string(key.attempt) + ", never granted");
      const JobPhase phase = job::PhaseOf(job.state);
      Expect(phase != JobPhase::kSucceeded && phase != JobPhase::kCancelled,
             NameOf(job) + " has ended, and attempt " + std::to_string(key.attempt) + " is open");
    }
    Expect(books_.deadlines.size() == live, "deadlines and live attempts differ in number");
    std::size_t on_workers = 0;
    for (const auto& [id, worker] : books_.workers) on_workers += worker.live.size();
    Expect(on_workers == live, "live attempts on workers and in all differ in number");
  }

  void CheckCounters() {
    std::size_t queued = 0;
    for (const auto& [id, sweep] : books_.sweeps) {
      for (const auto& queue : sweep.ready) queued += queue.size();
      Expect(sweep.live == live_of_sweep_[id],
             "sweep " + sweep.record.name + " counts " + std::to_string(sweep.live) +
                 " live leases; there are " + std::to_string(live_of_sweep_[id]));
    }
    Expect(queued == ready_jobs_, "ready queues hold " + std::to_string(queued) +
                                      " jobs; ready are " + std::to_string(ready_jobs_));
  }

  void CheckExpansion(const SweepRecord& sweep) {
    const bool is_expanding = sweep.state == SweepState::kExpanding;
    Expect(is_expanding == sweep.expansion.has_value(),
           "sweep " + sweep.name + " is " + std::string(Name(sweep.state)) +
               (is_expanding ? ", and nobody knows what to undo" : ", and has something to undo"));
    Expect(
        is_expanding == (books_.submits.contains(sweep.id) != books_.left_over.contains(sweep.id)),
        "sweep " + sweep.name + " is " + std::string(Name(sweep.state)) +
            ", and it should be either going on or being undone if it is expanding");
  }

  void CheckHealth(const std::string& name, const WorkerHealth& health) {
    std::set<JobId> different;
    for (const FailedHere& failed : health.failed) different.insert(failed.job);
    Expect(different.size() == health.failed.size() && different.size() <= kFailuresInARow,
           name + " counts a job's failures twice, or more than it looks at");
    Expect(!health.until || (health.times > 0 && different.size() == kFailuresInARow),
           name + " is set aside, and too little has failed there");
  }

  void CheckWorker(const Worker& worker) {
    const std::string name = "worker " + worker.record.name;
    CheckHealth(name, worker.health);
    for (const auto& [device, health] : worker.gpu_health) CheckHealth(name + " " + device, health);
    for (const auto& [id, shards] : worker.cached) {
      const auto set = books_.feature_sets.find(id);
      const bool known = set != books_.feature_sets.end();
      Expect(known && shards.size() <= set->second.shard_count,
             name + " is said to hold shards of feature set " + std::to_string(id.value) +
                 " that it does not have");
    }
  }

  void CheckRetryPlaces() {
    for (const auto& [id, place] : books_.retry_places) {
      const auto job = books_.jobs.find(id);
      Expect(job != books_.jobs.end() && job::PhaseOf(job->second.state) == JobPhase::kReady,
             "job " + std::to_string(id.value) + " has a place for its next try, and is not ready");
    }
  }

  const Books& books_;
  std::vector<std::string> found_;
  std::map<SweepId, std::int64_t> live_of_sweep_;
  std::map<FeatureSetId, std::int64_t> runs_of_set_;
  std::size_t ready_jobs_ = 0;
};

}  // namespace

std::vector<std::string> FindViolations(const Books& books) {
  return Inspector(books).Inspect();
}

}  // namespace tutti
