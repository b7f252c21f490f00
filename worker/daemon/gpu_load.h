// Who uses a GPU's memory: our runners, or strangers.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include <sys/types.h>

#include "tutti/v1/worker.pb.h"
#include "worker/daemon/machine_watch.h"

namespace tutti {

struct GpuLoad {
  std::int64_t total_bytes = 0;
  bool strangers = false;  // a process that is none of this worker's computes on it
  std::map<pid_t, std::int64_t> runners{};  // what they and their children use, by runner
};

// By device ("cuda:0"). parents: of each process that this machine tells of. What runs below
// `worker` is its own, below one of `runners` that one's. A process that this machine does not tell
// of (a container sees its own only) is nobody's, nor is NVIDIA's server for shared GPUs.
std::map<std::string, GpuLoad> LoadOfGpus(const MachineSample& sample,
                                          const std::map<pid_t, pid_t>& parents, pid_t worker,
                                          const std::set<pid_t>& runners);

// Runs whose keys are equal need as much of a GPU's memory.
std::string MemoryKey(const v1::Lease& lease);

}  // namespace tutti
