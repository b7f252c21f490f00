// A coordinator's core and its workers under faults, all from one seed.
#pragma once

#include <deque>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "tests/sim/sim_worker.h"
#include "tests/support/core_harness.h"

namespace tutti {

struct SimOptions {
  std::uint64_t seed = 0;
  std::int64_t max_attempts = 3;
  std::int32_t worker_lost_limit = 5;
  int faulty_steps = 400;
};

// How often each fault and each rare turn came about, so that a test can see that the simulation
// reaches them.
struct SimCounts {
  int broken_streams = 0;
  int late_frames = 0;
  int aborted_frames = 0;
  int gaps = 0;
  int restarts = 0;
  int lost_replies = 0;
  int foreign_frames = 0;
  int superseded = 0;
  int reclaimed = 0;
};

class CoreSim {
 public:
  explicit CoreSim(const SimOptions& options);

  // Steps with faults; then without, until every job has ended. False: they did not.
  bool Run();

  const StateFold& stored() const { return harness_.stored; }
  SimCounts Counts() const;

 private:
  struct Link {
    std::deque<WorkerFrame> up;
    std::deque<SimReply> down;
    int frozen_steps = 0;
  };

  void Step(bool faults);
  void SubmitSomething();
  void StepWorker(std::size_t index, bool faults);
  void DeliverUp(std::size_t index);
  void Break(std::size_t index);
  void InjectFault();
  void SendStrayFrame();
  void SendForeignFrame();
  void RestartCoordinator();
  void Schedule();
  SimLease LeaseOf(const AttemptKey& attempt) const;
  bool AllEnded() const;

  SimOptions options_;
  SimRandom random_;
  CoreHarness harness_;
  Manifest manifest_;
  std::vector<SimWorker> workers_;
  std::vector<Link> links_;
  std::deque<WorkerFrame> strays_;  // of broken streams, still on their way
  std::set<std::string> undecodable_;
  SimCounts counts_;
  std::int64_t seeds_submitted_ = 0;
};

}  // namespace tutti
