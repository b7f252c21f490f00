// Workers by Slurm: asks for allocations while jobs wait, and takes back what is not needed.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "common/clock.h"
#include "common/result.h"
#include "coordinator/slurm/allocation_plan.h"
#include "coordinator/slurm/job_script.h"
#include "coordinator/slurm/worker_command.h"
#include "coordinator/store/reader_pool.h"

namespace tutti {

struct SlurmOptions {
  std::string sbatch_options;  // as on sbatch's command line, for sh
  int most = 4;
  std::string name;  // of the allocations: by it a later coordinator on this state finds them
  std::chrono::milliseconds look{10'000};
  JobScript script;                                   // but for the profile
  std::function<Result<std::string>()> read_profile;  // worker.json as it is now
  // Of a sweep's dataset where it is in place; empty: its files are blobs.
  std::function<Result<std::string>(const SweepRecord&)> data_root_of;
};

// How its worker is called, by which it is found again.
std::string AllocationWorkerName(const std::string& allocation_id);

// One thread, which runs sbatch, squeue and scancel as children, none for longer than 30 s. What
// they refuse is logged, and tried again after 1, 2, 4 … looks.
class SlurmAllocator {
 public:
  // readers and clock outlive it.
  SlurmAllocator(ReaderPool& readers, const Clock& clock, SlurmOptions options);
  // Allocations that run go on; they end when idle.
  ~SlurmAllocator();
  SlurmAllocator(const SlurmAllocator&) = delete;
  SlurmAllocator& operator=(const SlurmAllocator&) = delete;

 private:
  void LookAgainAndAgain();
  Status Look();
  Result<Demand> SeeDemand();
  // Of one sweep, jobs that its workers can do, at most `limit`.
  Result<int> CountWaiting(StoreReader& reader, const SweepRecord& sweep, int limit);
  Status SeeAllocations(const std::set<std::string>& workers, Demand& demand);
  Result<std::string> Run(std::vector<std::string> command, std::string input = "");
  Status Submit();
  // False: it is to stop.
  bool Wait(std::chrono::milliseconds duration);

  ReaderPool& readers_;
  const Clock& clock_;
  const SlurmOptions options_;
  const WorkerAbilities abilities_;
  bool told_of_others_ = false;  // that jobs wait which its workers cannot do
  std::mutex mutex_;
  std::condition_variable stop_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace tutti
