#include "coordinator/core/explain.h"

#include <utility>

#include "coordinator/core/worker_health.h"

namespace tutti {
namespace {

std::string Text(JobId id) {
  return std::to_string(id.value);
}

std::string Seconds(std::int64_t milliseconds) {
  return std::to_string(milliseconds / 1000) + " s";
}

// " (exit code 3)", " (signal 9)"; empty: neither is known, or the message has it.
std::string EndOf(const AttemptRecord& attempt, const std::string& message) {
  std::string end;
  if (attempt.exit_code >= 0) end = "exit code " + std::to_string(attempt.exit_code);
  if (attempt.signal != 0) end = "signal " + std::to_string(attempt.signal);
  const bool is_said = end.empty() || message.find(end) != std::string::npos;
  return is_said ? "" : " (" + end + ")";
}

class Explainer {
 public:
  Explainer(const JobSituation& job, const JobHistory& history, const Explanation* shard)
      : job_(job), history_(history), shard_(shard) {}

  Explanation Explain() {
    const std::string name = "job " + Text(job_.id) + " (" + std::string(Name(job_.kind)) +
                             ", sweep " + job_.sweep + ")";
    switch (job_.phase) {
      case JobPhase::kBlocked:
        out_.summary = name + " waits for features";
        ExplainBlocked();
        break;
      case JobPhase::kReady:
        out_.summary = name + " waits for a worker";
        ExplainWaiting(job_, out_);
        TellOfEarlierAttempts();
        break;
      case JobPhase::kLeased:
        out_.summary =
            name + " was given to worker " + LiveWorker() + ", which fetches what it needs";
        break;
      case JobPhase::kRunning:
        out_.summary = name + " runs on worker " + LiveWorker();
        Advise("follow what it prints", "tutti logs " + Text(job_.id) + " --follow");
        TellOfEarlierAttempts();
        break;
      case JobPhase::kSucceeded:
        out_.summary = name + " succeeded";
        Advise("see what it gave", "tutti show " + Text(job_.id));
        break;
      case JobPhase::kCancelled:
        out_.summary = name + " was cancelled";
        Advise("start it over, with all cancelled and failed runs of its sweep",
               "tutti retry " + job_.sweep);
        break;
      case JobPhase::kFailed:
        ExplainFailed(name);
        break;
    }
    return std::move(out_);
  }

 private:
  void Because(std::string code, std::string text) {
    out_.reasons.push_back({std::move(code), std::move(text)});
  }
  void Advise(std::string text, std::string command) {
    out_.advice.push_back({std::move(text), std::move(command)});
  }
  std::string WorkerName(const WorkerId& id) const {
    const auto found = history_.worker_names.find(id);
    return found == history_.worker_names.end() ? id.value : found->second;
  }
  std::string LiveWorker() const {
    if (history_.attempts.empty()) return "?";
    const AttemptRecord& last = history_.attempts.back();
    return WorkerName(last.worker) + (last.device.empty() ? "" : " (" + last.device + ")") +
           ", attempt " + std::to_string(last.attempt);
  }

  // What holds the shard up holds the run up.
  void TakeOverShard() {
    if (shard_ == nullptr) return;
    Because("shard", shard_->summary);
    out_.reasons.insert(out_.reasons.end(), shard_->reasons.begin(), shard_->reasons.end());
    out_.advice.insert(out_.advice.end(), shard_->advice.begin(), shard_->advice.end());
    out_.log_tail = shard_->log_tail;
  }

  void ExplainBlocked() {
    Because("waits_for_shards", std::to_string(job_.shards_to_come) + " of its " +
                                    std::to_string(job_.shards) +
                                    " shards of features are not there yet");
    TakeOverShard();
  }

  const AttemptRecord* LastFailed() const {
    for (auto it = history_.attempts.rbegin(); it != history_.attempts.rend(); ++it) {
      if (it->failure) return &*it;
    }
    return nullptr;
  }

  void TellOfEarlierAttempts() {
    const AttemptRecord* failed = LastFailed();
    if (failed == nullptr) return;
    const std::string end = EndOf(*failed, failed->message);
    Because("earlier_attempt", "attempt " + std::to_string(failed->attempt) + " on worker " +
                                   WorkerName(failed->worker) + " ended as " +
                                   std::string(Name(*failed->failure)) + end + ": " +
                                   failed->message);
  }

  void ExplainFailed(const std::string& name) {
    const FailureClass failure = history_.failure.value_or(FailureClass::kCrashed);
    out_.summary = name + " failed: " + std::string(Name(failure));
    if (failure == FailureClass::kDependencyFailed) {
      Because("dependency_failed", history_.message);
      if (job_.failed_shard && shard_ == nullptr) {
        Advise("see why the shard failed", "tutti explain " + Text(*job_.failed_shard));
      }
      return TakeOverShard();
    }
    const AttemptRecord* failed = LastFailed();
    const std::string end = failed == nullptr ? "" : EndOf(*failed, history_.message);
    Because(std::string(Name(failure)), history_.message + end);
    if (failed != nullptr) TellWhere(*failed);
    TellOfLimit(failure);
    out_.log_tail = history_.log_tail;
    AdviseOn(failure);
    Advise("then start the failed runs over", "tutti retry " + job_.sweep + " --failed");
  }

  void TellWhere(const AttemptRecord& failed) {
    Because("last_attempt", "its last attempt, " + std::to_string(failed.attempt) +
                                ", was on worker " + WorkerName(failed.worker) +
                                (failed.device.empty() ? "" : " (" + failed.device + ")"));
  }

  void TellOfLimit(FailureClass failure) {
    if (failure == FailureClass::kWorkerLost) {
      Because("limit", "its worker was lost " + std::to_string(history_.tally.worker_lost) +
                           " times while it ran, which is the limit");
    } else if (TellsOfPlace(failure)) {
      Because("limit", std::to_string(history_.tally.counted) +
                           " attempts failed; max_attempts is " +
                           std::to_string(job_.max_attempts));
    } else {
      Because("not_retried",
              "a failure of this class is not tried again by itself: it would "
              "fail the same way");
    }
  }

  void AdviseOn(FailureClass failure) {
    const std::string logs = "tutti logs " + Text(job_.id);
    switch (failure) {
      case FailureClass::kBadConfig:
        return Advise("mend what the message names: the sweep file, or the worker's options",
                      "tutti show " + Text(job_.id));
      case FailureClass::kBadData:
        return Advise("look at the dataset's files", "tutti dataset check DIR");
      case FailureClass::kOutOfMemory:
        return Advise("give the worker fewer slots (--slots), or the sweep a smaller batch_size",
                      "tutti workers");
      case FailureClass::kTimedOut:
        return Advise("raise time_limit in the sweep file (it is " +
                          Seconds(history_.time_limit_ms) + ") and submit it again",
                      "tutti submit SWEEP.yaml");
      case FailureClass::kWorkerLost:
        return Advise("see why workers went away", "tutti workers");
      case FailureClass::kCrashed:
      case FailureClass::kPreempted:
      case FailureClass::kDependencyFailed:
        return Advise("see all that it printed", logs);
    }
  }

  const JobSituation& job_;
  const JobHistory& history_;
  const Explanation* shard_;
  Explanation out_;
};

}  // namespace

Explanation Explain(const JobSituation& situation, const JobHistory& history,
                    const Explanation* shard) {
  return Explainer(situation, history, shard).Explain();
}

}  // namespace tutti
