#include "coordinator/slurm/slurm_allocator.h"

#include <algorithm>
#include <sstream>
#include <utility>

#include <spdlog/spdlog.h>

#include "coordinator/slurm/bounded_run.h"

namespace tutti {
namespace {

constexpr int kLongestPause = 64;  // looks

// Jobs looked at for one sweep.
constexpr int kJobsPerLook = 1'000;

}  // namespace

std::string AllocationWorkerName(const std::string& allocation_id) {
  return "slurm-" + allocation_id;
}

SlurmAllocator::SlurmAllocator(ReaderPool& readers, const Clock& clock, SlurmOptions options)
    : readers_(readers),
      clock_(clock),
      options_(std::move(options)),
      abilities_(AbilitiesOf(options_.script.worker)),
      thread_([this] { LookAgainAndAgain(); }) {}

SlurmAllocator::~SlurmAllocator() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stop_.notify_all();
  thread_.join();
}

bool SlurmAllocator::Wait(std::chrono::milliseconds duration) {
  std::unique_lock lock(mutex_);
  return !stop_.wait_for(lock, duration, [this] { return stopping_; });
}

void SlurmAllocator::LookAgainAndAgain() {
  int pause = 1;
  do {
    const Status looked = Look();
    if (!looked.ok()) spdlog::warn("--slurm: {}", looked.error().message);
    pause = looked.ok() ? 1 : std::min(2 * pause, kLongestPause);
  } while (Wait(options_.look * pause));
}

Status SlurmAllocator::Look() {
  TUTTI_ASSIGN_OR_RETURN(const Demand demand, SeeDemand());
  const AllocationStep step = PlanAllocations(demand, options_.most);
  for (int i = 0; i < step.submit; ++i) TUTTI_RETURN_IF_ERROR(Submit());
  if (!step.cancel_pending) return {};
  spdlog::info("--slurm: nothing waits, {} pending allocations are taken back", demand.pending);
  const auto cancelled = Run({"scancel", "--state=PENDING", "--name=" + options_.name});
  return cancelled.ok() ? Status() : Status(cancelled.error());
}

Result<std::string> SlurmAllocator::Run(std::vector<std::string> command, std::string input) {
  BoundedRun run;
  run.command = std::move(command);
  run.input = std::move(input);
  run.is_stopping = [this] {
    const std::lock_guard lock(mutex_);
    return stopping_;
  };
  return RunBounded(run, clock_);
}

Result<Demand> SlurmAllocator::SeeDemand() {
  Demand demand;
  std::set<std::string> workers;
  {
    TUTTI_ASSIGN_OR_RETURN(const auto reader, readers_.Borrow());
    TUTTI_ASSIGN_OR_RETURN(const auto known, reader->Workers());
    for (const WorkerRecord& worker : known) workers.insert(worker.name);
    TUTTI_ASSIGN_OR_RETURN(const auto sweeps, reader->Sweeps());
    // Of more than are on their way and could be asked for nothing follows.
    const int enough = 2 * options_.most;
    for (const SweepRecord& sweep : sweeps) {
      if (sweep.state != SweepState::kActive || demand.waiting >= enough) continue;
      TUTTI_ASSIGN_OR_RETURN(const int waiting,
                             CountWaiting(*reader, sweep, enough - demand.waiting));
      demand.waiting += waiting;
    }
  }
  TUTTI_RETURN_IF_ERROR(SeeAllocations(workers, demand));
  return demand;
}

Result<int> SlurmAllocator::CountWaiting(StoreReader& reader, const SweepRecord& sweep, int limit) {
  JobFilter ready;
  ready.sweep = sweep.id;
  ready.phases = {JobPhase::kReady};
  ready.limit = kJobsPerLook;
  TUTTI_ASSIGN_OR_RETURN(const auto jobs, reader.Jobs(ready));
  if (jobs.empty()) return 0;
  // A dataset that cannot be read is no reason to starve the others.
  const auto root = options_.data_root_of(sweep);
  const auto can_do = [&](const JobRecord& job) {
    if (job.kind == JobKind::kCommand) return abilities_.CanRunCommands();
    return job.kind != JobKind::kPreprocess || !root.ok() || abilities_.CanOpen(*root);
  };
  const int waiting = static_cast<int>(std::ranges::count_if(jobs, can_do));
  if (waiting < std::ssize(jobs) && !std::exchange(told_of_others_, true)) {
    spdlog::warn(
        "--slurm: sweep {} has jobs that wait for what its workers lack; give --slurm-worker "
        "\"tutti-worker --allow-command\" for programs, or --data-root ROOT=DIR there for datasets "
        "in place",
        sweep.name);
  }
  return std::min(waiting, limit);
}

Status SlurmAllocator::SeeAllocations(const std::set<std::string>& workers, Demand& demand) {
  TUTTI_ASSIGN_OR_RETURN(
      const std::string listed,
      Run({"squeue", "--noheader", "--name=" + options_.name, "--format=%T %i"}));
  std::istringstream lines(listed);
  std::string state;
  std::string id;
  while (lines >> state >> id) {
    if (state == "PENDING" || state == "CONFIGURING") {
      ++demand.pending;
      continue;
    }
    ++demand.running;
    if (!workers.contains(AllocationWorkerName(id))) ++demand.starting;
  }
  return {};
}

Status SlurmAllocator::Submit() {
  JobScript script = options_.script;
  TUTTI_ASSIGN_OR_RETURN(script.profile, options_.read_profile());
  TUTTI_ASSIGN_OR_RETURN(
      std::string id,
      Run({"/bin/sh", "-c", "exec sbatch --parsable --job-name=\"$0\" " + options_.sbatch_options,
           options_.name},
          WriteJobScript(script)));
  id.erase(std::ranges::find(id, '\n'), id.end());
  spdlog::info("--slurm: jobs wait, allocation {} asked for", id);
  return {};
}

}  // namespace tutti
