#include "worker/daemon/gpu_load.h"

#include "common/json.h"

namespace tutti {
namespace {

constexpr std::string_view kSharingServer = "nvidia-cuda-mps-server";

enum class Owner { kUnknown, kStranger, kWorker, kRunner };

struct Owned {
  Owner owner = Owner::kUnknown;
  pid_t runner = 0;  // of kRunner
};

Owned OwnerOf(pid_t pid, const std::map<pid_t, pid_t>& parents, pid_t worker,
              const std::set<pid_t>& runners) {
  if (!parents.contains(pid)) return {};
  // No more steps than there are processes: what /proc told is not of one moment.
  for (std::size_t step = 0; step <= parents.size(); ++step) {
    if (runners.contains(pid)) return {Owner::kRunner, pid};
    if (pid == worker) return {Owner::kWorker};
    const auto parent = parents.find(pid);
    if (parent == parents.end()) break;
    pid = parent->second;
  }
  return {Owner::kStranger};
}

}  // namespace

std::map<std::string, GpuLoad> LoadOfGpus(const MachineSample& sample,
                                          const std::map<pid_t, pid_t>& parents, pid_t worker,
                                          const std::set<pid_t>& runners) {
  std::map<std::string, GpuLoad> loads;
  for (const GpuFigures& gpu : sample.gpus) {
    const auto device = sample.cuda_names.find(gpu.uuid);
    if (device == sample.cuda_names.end()) continue;
    GpuLoad& load = loads[device->second];
    load.total_bytes = gpu.total_bytes;
    for (const GpuProcess& process : sample.gpu_processes) {
      if (process.uuid != gpu.uuid || process.name.ends_with(kSharingServer)) continue;
      const Owned owned = OwnerOf(process.pid, parents, worker, runners);
      if (owned.owner == Owner::kStranger) load.strangers = true;
      if (owned.owner == Owner::kRunner) load.runners[owned.runner] += process.used_bytes;
    }
  }
  return loads;
}

std::string MemoryKey(const v1::Lease& lease) {
  if (lease.has_command()) return "program of " + lease.sweep();
  const auto config = ParseJson(lease.config_json(), "configuration");
  Json key = {{"features", lease.feature_spec_json()}, {"dataset", lease.dataset().version()}};
  if (!config.ok() || !config->is_object()) return DumpJson(key);
  for (const char* name : {"model", "slice_seconds", "precision"}) {
    if (config->contains(name)) key[name] = config->at(name);
  }
  const auto training = config->find("training");
  if (training != config->end() && training->is_object() && training->contains("batch_size")) {
    key["batch_size"] = training->at("batch_size");
  }
  return DumpJson(key);
}

}  // namespace tutti
