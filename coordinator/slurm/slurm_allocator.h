// Workers by Slurm: asks for allocations while jobs wait, and takes back what is not needed.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "common/clock.h"
#include "common/result.h"
#include "coordinator/slurm/allocation_plan.h"
#include "coordinator/slurm/job_script.h"
#include "coordinator/store/reader_pool.h"

namespace tutti {

struct SlurmOptions {
  std::string sbatch_options;  // as on sbatch's command line, for sh
  int most = 4;
  std::string name;  // of the allocations: by it a later coordinator on this state finds them
  std::chrono::milliseconds look{10'000};
  JobScript script;                                   // but for the profile
  std::function<Result<std::string>()> read_profile;  // worker.json as it is now
};

// One thread, which runs sbatch, squeue and scancel as children. What they refuse is logged, and
// tried again after 1, 2, 4 … looks.
class SlurmAllocator {
 public:
  // readers outlives it.
  SlurmAllocator(ReaderPool& readers, SlurmOptions options);
  // Allocations that run go on; they end when idle.
  ~SlurmAllocator();
  SlurmAllocator(const SlurmAllocator&) = delete;
  SlurmAllocator& operator=(const SlurmAllocator&) = delete;

 private:
  void Run();
  Status Look();
  Result<Demand> SeeDemand();
  Status Submit();
  // False: it is to stop.
  bool Wait(std::chrono::milliseconds duration);

  ReaderPool& readers_;
  const SlurmOptions options_;
  std::mutex mutex_;
  std::condition_variable stop_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace tutti
