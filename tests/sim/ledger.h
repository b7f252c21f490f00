// What the coordinator has promised, kept beside it: every commit that succeeded, every answer that
// was given. What it says must be in the store, whatever was killed in between.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "coordinator/core/core.h"
#include "coordinator/store/memory_store.h"
#include "coordinator/store/store.h"
#include "tests/sim/sim_runner.h"
#include "tests/sim/trouble.h"
#include "tutti/v1/worker.pb.h"
#include "worker/daemon/attempt_id.h"

namespace tutti {

// What contradicts it is a failure of the running test. Used by one thread.
class Ledger {
 public:
  // whole_curves: an attempt that was never lost has all its epochs when its result is accepted.
  // Not so where frames come past all order: what arrives while an attempt is lost does not count.
  Ledger(Story& story, bool whole_curves);

  // ---- Of the store.
  void Committed(const Changes& changes);
  // None of it may be seen; after the next start the whole of it may be there all the same.
  void CommitFailed(const Changes& changes);
  // A store that was opened, or whose commit failed: it holds what was committed, row for row.
  void CheckStore(Store& store);

  // ---- Of workers and the coordinator's answers.
  void SawLease(const v1::Lease& lease);
  void Said(const v1::AttemptEvent& event);  // by the attempt's worker, on its disk or not
  void Acknowledged(const AttemptId& attempt, std::int64_t sequence);
  // The answer to a submit has left.
  void SubmitAcknowledged(const std::string& sweep, std::int64_t runs);

  const std::map<JobId, JobRecord>& jobs() const { return jobs_; }
  const std::map<JobId, ResultRecord>& results() const { return results_; }
  const std::map<std::string, SweepId>& sweeps() const { return sweeps_; }
  std::size_t undecodable() const { return undecodable_; }

 private:
  struct Expected {
    std::string identity;
    std::vector<SimTraining> epochs;  // [i] after epoch i + 1
  };

  void Take(const PutSweep& put);
  void Take(const PutJob& put);
  void Take(const UpdateJob& put);
  void Take(const RemoveRun& put);
  void Take(const PutAttempt& put);
  void Take(const PutResult& put);
  void Take(const PutEpoch& put);
  void Take(const PutLog& put);
  void Take(const PutUndecodable& put);
  void Take(const AppendEvent& put);
  bool HasWholeCurve(JobId job, AttemptNumber attempt) const;
  template <class Other>
  void Take(const Other&) {}

  Story& story_;
  const bool whole_curves_;
  MemoryStore shadow_;
  std::vector<Changes> history_;  // committed, in order
  std::vector<Changes> limbo_;    // failed since the last that succeeded

  std::map<JobId, JobRecord> jobs_;
  std::map<JobId, ResultRecord> results_;
  std::map<std::string, SweepId> sweeps_;
  std::map<JobId, std::set<AttemptNumber>> live_;
  std::set<JobId> cancelled_;  // ever
  std::set<AttemptKey> lost_;
  std::set<std::tuple<JobId, AttemptNumber, std::int32_t>> epochs_;
  std::set<std::tuple<JobId, AttemptNumber, std::int64_t>> logs_;
  std::size_t undecodable_ = 0;
  std::map<JobId, Expected> expected_;
  std::map<AttemptId, std::int64_t> finished_;  // sequence of the event that says so
};

}  // namespace tutti
