#include "tests/sim/store_difference.h"

#include <vector>

namespace tutti {
namespace {

template <class Row>
std::string Differ(const std::string& what, const Result<Row>& a, const Result<Row>& b) {
  if (a.ok() != b.ok()) {
    return what + (a.ok() ? ": only the first has it" : ": only the second has it");
  }
  return !a.ok() || *a == *b ? "" : what + " differ";
}

std::string StatesDiffer(const StoredState& a, const StoredState& b) {
  if (a.datasets != b.datasets) return "datasets differ";
  if (a.sweeps != b.sweeps) return "sweeps differ";
  if (a.feature_sets != b.feature_sets) return "feature sets differ";
  if (a.jobs != b.jobs) return "jobs differ";
  if (a.live_attempts != b.live_attempts) return "live attempts differ";
  if (a.undecodable != b.undecodable) return "verdicts on tracks differ";
  if (a.workers != b.workers) return "workers differ";
  return a.last_job_id == b.last_job_id ? "" : "highest job numbers differ";
}

class Comparison {
 public:
  Comparison(StoreReader& a, StoreReader& b) : a_(a), b_(b) {}

  std::string OfJob(const JobRecord& job) {
    const std::string name = "job " + std::to_string(job.id.value) + ": ";
    const auto attempts = a_.Attempts(job.id);
    Note(Differ(name + "attempts", attempts, b_.Attempts(job.id)));
    Note(Differ(name + "results", a_.ResultOf(job.id), b_.ResultOf(job.id)));
    Note(Differ(name + "resume files", a_.Resume(job.id), b_.Resume(job.id)));
    if (!attempts.ok()) return found_;
    for (const AttemptRecord& attempt : *attempts) {
      constexpr std::int64_t kAll = 1'000'000;
      const AttemptNumber number = attempt.attempt;
      Note(Differ(name + "epochs", a_.Epochs(job.id, number), b_.Epochs(job.id, number)));
      Note(Differ(name + "logs", a_.Log(job.id, number, 0, kAll), b_.Log(job.id, number, 0, kAll)));
    }
    return found_;
  }

 private:
  void Note(std::string difference) {
    if (found_.empty()) found_ = std::move(difference);
  }

  StoreReader& a_;
  StoreReader& b_;
  std::string found_;
};

}  // namespace

std::string FirstDifference(Store& a, Store& b) {
  const auto state_a = a.Load();
  const auto state_b = b.Load();
  const auto reader_a = a.OpenReader();
  const auto reader_b = b.OpenReader();
  if (!state_a.ok() || !state_b.ok() || !reader_a.ok() || !reader_b.ok()) {
    return "one of them cannot be read";
  }
  std::string difference = StatesDiffer(*state_a, *state_b);
  Comparison comparison(**reader_a, **reader_b);
  for (const JobRecord& job : state_a->jobs) {
    if (difference.empty()) difference = comparison.OfJob(job);
  }
  return difference;
}

}  // namespace tutti
