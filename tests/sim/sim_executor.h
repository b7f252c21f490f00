// What a worker's executor and its runners do, as step machines: fetch inputs, train epoch after
// epoch, write and upload resume files, upload what was made, break.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "common/result.h"
#include "tests/sim/timeline.h"
#include "tests/sim/trouble.h"
#include "tests/support/sim_disk.h"
#include "tests/support/sim_random.h"
#include "tutti/v1/worker.pb.h"
#include "worker/daemon/attempt_id.h"
#include "worker/daemon/executor.h"
#include "worker/daemon/runner_event.h"

namespace tutti {

// Transfers between a worker and the coordinator's disk; kUnavailable while it is not reached.
class SimTransfers {
 public:
  virtual ~SimTransfers() = default;
  // kNotFound: no such blob.
  virtual Result<std::string> Download(const std::string& hash) = 0;
  // Durable when it is OK. The blob's hash.
  virtual Result<std::string> Upload(const std::string& bytes) = 0;
};

struct SimRunnerFaults {
  double breaks = 0;  // probability of each, at each step
  double hangs = 0;
};

class SimExecutor {
 public:
  struct Surroundings {
    Timeline& timeline;
    SimRandom& random;
    Story& story;
    SimDisk& disk;
    std::filesystem::path jobs;
    SimTransfers& transfers;
    AttemptListener& listener;
    const std::set<std::string>& undecodable;  // contents
    const SimRunnerFaults& faults;
  };

  explicit SimExecutor(const Surroundings& around) : around_(around) {}

  // As worker/daemon/executor.h has them.
  void Begin(const v1::Lease& lease);
  void Stop(const AttemptId& id) { runs_.erase(id); }
  void Halt(const AttemptId& id);
  void Salvage(const AttemptId& id, const RunnerResume& leftover);
  void Forget(const AttemptId& id);

 private:
  class Run;

  Surroundings around_;
  std::map<AttemptId, std::shared_ptr<Run>> runs_;
};

}  // namespace tutti
