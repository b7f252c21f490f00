#include "coordinator/http/metrics.h"

#include <algorithm>
#include <map>

#include <prometheus/gauge.h>
#include <prometheus/text_serializer.h>

#include "common/rpc/words.h"
#include "coordinator/core/job_kinds.h"

namespace tutti {
namespace {

using Stub = v1::SweepService::Stub;
using Labels = std::map<std::string, std::string>;

// Of the running jobs, whose attempts say which GPU they are on; more are not looked at.
constexpr int kMostJobsLookedAt = 256;

// Seconds: from a disk that is quick to one that is in trouble.
prometheus::Histogram::BucketBoundaries Buckets() {
  return {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5};
}

prometheus::Histogram& AddHistogram(prometheus::Registry& registry, const std::string& name,
                                    const std::string& help) {
  return prometheus::BuildHistogram().Name(name).Help(help).Register(registry).Add({}, Buckets());
}

prometheus::Counter& AddBytes(prometheus::Registry& registry, const std::string& direction) {
  return prometheus::BuildCounter()
      .Name("tutti_blob_bytes_total")
      .Help("Bytes of blobs that came and went over the blob service")
      .Register(registry)
      .Add({{"direction", direction}});
}

double Seconds(std::chrono::nanoseconds time) {
  return std::chrono::duration<double>(time).count();
}

// Gauges that live for one answer.
class Snapshot {
 public:
  prometheus::Family<prometheus::Gauge>& Family(const std::string& name, const std::string& help) {
    return prometheus::BuildGauge().Name(name).Help(help).Register(registry_);
  }
  std::vector<prometheus::MetricFamily> Collect() const { return registry_.Collect(); }

 private:
  prometheus::Registry registry_;
};

// Jobs of all kinds that workers can take or have.
double OpenJobs(const v1::SweepInfo& sweep) {
  double open = 0;
  for (const auto* counts : {&sweep.preprocess(), &sweep.runs()}) {
    for (const v1::PhaseCount& count : *counts) {
      const v1::JobPhase phase = count.phase();
      const bool is_open = phase == v1::JOB_PHASE_READY || phase == v1::JOB_PHASE_LEASED ||
                           phase == v1::JOB_PHASE_RUNNING;
      if (is_open) open += static_cast<double>(count.jobs());
    }
  }
  return open;
}

Status AddJobs(Gateway& gateway, const std::string& token, Snapshot& snapshot) {
  TUTTI_ASSIGN_OR_RETURN(const auto reply,
                         gateway.Call(&Stub::ListSweeps, token, v1::ListSweepsRequest()));
  std::map<std::string, double> runs;
  for (int phase = v1::JOB_PHASE_BLOCKED; phase <= v1::JOB_PHASE_CANCELLED; ++phase) {
    runs[PhaseName(static_cast<v1::JobPhase>(phase))] = 0;
  }
  std::map<std::string, double> states;
  double open = 0;
  for (const v1::SweepInfo& sweep : reply.sweeps()) {
    ++states[sweep.state()];
    if (sweep.state() == Name(SweepState::kActive)) open += OpenJobs(sweep);
    for (const auto& count : sweep.runs()) {
      runs[PhaseName(count.phase())] += static_cast<double>(count.jobs());
    }
  }
  auto& jobs = snapshot.Family("tutti_jobs", "Runs of all sweeps by state");
  for (const auto& [state, number] : runs) jobs.Add({{"state", state}}).Set(number);
  auto& sweeps = snapshot.Family("tutti_sweeps", "Sweeps by state");
  for (const auto& [state, number] : states) sweeps.Add({{"state", state}}).Set(number);
  snapshot.Family("tutti_open_jobs", "Jobs of active sweeps that are ready, leased or running")
      .Add({})
      .Set(open);
  return {};
}

// "cuda:1" of the attempt that runs; empty: the processor, or not known.
std::string GpuOf(Gateway& gateway, const std::string& token, const v1::Attempt& running) {
  v1::GetJobRequest request;
  request.set_id(running.job_id());
  const auto job = gateway.Call(&Stub::GetJob, token, request);
  if (!job.ok()) return {};
  const auto attempt =
      std::ranges::find(job->attempts(), running.attempt(), &v1::AttemptInfo::attempt);
  if (attempt == job->attempts().end() || !attempt->device().starts_with("cuda")) return {};
  return attempt->device();
}

// What connected workers told of their machines last.
class UseGauges {
 public:
  explicit UseGauges(Snapshot& snapshot)
      : cpu_(snapshot.Family("tutti_worker_cpu_share", "Of all cores of a worker, 0 to 1")),
        memory_(snapshot.Family("tutti_worker_memory_bytes", "Memory of a worker's machine")),
        gpu_(snapshot.Family("tutti_gpu_share", "Of the time that a GPU computed, 0 to 1")),
        gpu_memory_(snapshot.Family("tutti_gpu_memory_bytes", "Memory of a worker's GPU")) {}

  void Add(const v1::WorkerInfo& worker) {
    if (!worker.has_use()) return;
    const v1::MachineUse& use = worker.use();
    const Labels labels{{"worker", worker.name()}, {"worker_id", worker.id()}};
    cpu_.Add(labels).Set(use.cpu_share());
    AddMemory(memory_, labels, use.memory_used_bytes(), use.memory_total_bytes());
    for (const v1::MachineUse::Gpu& gpu : use.gpus()) {
      Labels of_gpu = labels;
      of_gpu["gpu"] = gpu.device();
      gpu_.Add(of_gpu).Set(gpu.share());
      AddMemory(gpu_memory_, of_gpu, gpu.memory_used_bytes(), gpu.memory_total_bytes());
    }
  }

 private:
  using Gauges = prometheus::Family<prometheus::Gauge>;

  static void AddMemory(Gauges& gauges, Labels labels, std::int64_t used, std::int64_t total) {
    labels["kind"] = "used";
    gauges.Add(labels).Set(static_cast<double>(used));
    labels["kind"] = "total";
    gauges.Add(labels).Set(static_cast<double>(total));
  }

  Gauges& cpu_;
  Gauges& memory_;
  Gauges& gpu_;
  Gauges& gpu_memory_;
};

Status AddWorkers(Gateway& gateway, const std::string& token, Snapshot& snapshot) {
  TUTTI_ASSIGN_OR_RETURN(const auto reply,
                         gateway.Call(&Stub::ListWorkers, token, v1::ListWorkersRequest()));
  std::map<std::string, double> states{{"connected", 0}, {"away", 0}};
  double slots = 0;
  double busy = 0;
  int looked_at = 0;
  auto& gpus = snapshot.Family("tutti_gpu_attempts", "Attempts that run on a worker's GPU");
  UseGauges uses(snapshot);
  for (const v1::WorkerInfo& worker : reply.workers()) {
    ++states[worker.state()];
    if (!worker.connected()) continue;
    slots += worker.slots();
    busy += worker.busy_slots();
    uses.Add(worker);
    std::map<std::string, double> use;
    for (const std::string& device : worker.devices()) use[device] = 0;
    for (const v1::Attempt& running : worker.running()) {
      if (use.empty() || looked_at++ >= kMostJobsLookedAt) break;
      if (const std::string gpu = GpuOf(gateway, token, running); !gpu.empty()) ++use[gpu];
    }
    for (const auto& [gpu, attempts] : use) {
      gpus.Add({{"worker", worker.name()}, {"worker_id", worker.id()}, {"gpu", gpu}}).Set(attempts);
    }
  }
  auto& workers = snapshot.Family("tutti_workers", "Workers by state");
  for (const auto& [state, number] : states) workers.Add({{"state", state}}).Set(number);
  auto& places = snapshot.Family("tutti_slots", "Slots of connected workers");
  places.Add({{"state", "busy"}}).Set(busy);
  places.Add({{"state", "free"}}).Set(std::max(0.0, slots - busy));
  return {};
}

}  // namespace

Metrics::Metrics()
    : registry_(
          std::make_shared<prometheus::Registry>(prometheus::Registry::InsertBehavior::Merge)),
      commits_(
          AddHistogram(*registry_, "tutti_commit_seconds", "Time to make one transaction durable")),
      leases_(AddHistogram(*registry_, "tutti_lease_seconds",
                           "Time from a durable grant to the lease on its way to the worker")),
      received_(AddBytes(*registry_, "received")),
      sent_(AddBytes(*registry_, "sent")) {}

void Metrics::OnCommit(std::chrono::nanoseconds took) {
  commits_.Observe(Seconds(took));
}

void Metrics::OnLeaseSent(std::chrono::nanoseconds took) {
  leases_.Observe(Seconds(took));
}

void Metrics::OnBlobBytes(BlobDirection direction, std::int64_t bytes) {
  (direction == BlobDirection::kReceived ? received_ : sent_).Increment(static_cast<double>(bytes));
}

Result<std::string> Metrics::Text(Gateway& gateway, const std::string& token) const {
  Snapshot snapshot;
  TUTTI_RETURN_IF_ERROR(AddJobs(gateway, token, snapshot));
  TUTTI_RETURN_IF_ERROR(AddWorkers(gateway, token, snapshot));
  auto families = registry_->Collect();
  const auto counted = snapshot.Collect();
  families.insert(families.end(), counted.begin(), counted.end());
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace tutti
