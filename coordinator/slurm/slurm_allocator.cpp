#include "coordinator/slurm/slurm_allocator.h"

#include <algorithm>
#include <array>
#include <sstream>
#include <unistd.h>
#include <utility>
#include <vector>

#include <spdlog/spdlog.h>

#include "common/process.h"

namespace tutti {
namespace {

constexpr int kLongestPause = 64;  // looks

// stdout of a program that ended well; `input` is its stdin. Errors hold what it said on stderr.
Result<std::string> RunToEnd(std::vector<std::string> command, const std::string& input = "") {
  const std::string name = command.front();
  SpawnOptions options;
  options.argv = std::move(command);
  options.input = Stream::kPipe;
  options.output = Stream::kPipe;
  options.errors = Stream::kPipe;
  TUTTI_ASSIGN_OR_RETURN(const auto child, Spawn(options));
  // A script is smaller than a pipe's room, and these programs say a line or two.
  const bool written =
      ::write(child->input().get(), input.data(), input.size()) == std::ssize(input);
  child->input() = UniqueFd();
  const auto read_all = [](const UniqueFd& fd) {
    std::string text;
    std::array<char, 4'096> piece{};
    for (ssize_t got = 0; (got = ::read(fd.get(), piece.data(), piece.size())) > 0;) {
      text.append(piece.data(), static_cast<std::size_t>(got));
    }
    return text;
  };
  std::string out = read_all(child->output());
  const std::string errors = read_all(child->errors());
  const ExitStatus status = child->Wait();
  if (status.success() && written) return out;
  return Unavailable(name + ": " + Describe(status) + (errors.empty() ? "" : ": " + errors));
}

}  // namespace

SlurmAllocator::SlurmAllocator(ReaderPool& readers, SlurmOptions options)
    : readers_(readers), options_(std::move(options)), thread_([this] { Run(); }) {}

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

void SlurmAllocator::Run() {
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
  const auto cancelled = RunToEnd({"scancel", "--state=PENDING", "--name=" + options_.name});
  return cancelled.ok() ? Status() : Status(cancelled.error());
}

Result<Demand> SlurmAllocator::SeeDemand() {
  Demand demand;
  {
    TUTTI_ASSIGN_OR_RETURN(const auto reader, readers_.Borrow());
    TUTTI_ASSIGN_OR_RETURN(const auto sweeps, reader->Sweeps());
    for (const SweepRecord& sweep : sweeps) {
      if (sweep.state != SweepState::kActive || demand.waiting >= options_.most) continue;
      JobFilter ready;
      ready.sweep = sweep.id;
      ready.phases = {JobPhase::kReady};
      ready.limit = options_.most;
      TUTTI_ASSIGN_OR_RETURN(const auto jobs, reader->Jobs(ready));
      demand.waiting += static_cast<int>(jobs.size());
    }
  }
  TUTTI_ASSIGN_OR_RETURN(
      const std::string listed,
      RunToEnd({"squeue", "--noheader", "--name=" + options_.name, "--format=%T"}));
  std::istringstream states(listed);
  for (std::string state; states >> state;) {
    ++(state == "PENDING" || state == "CONFIGURING" ? demand.pending : demand.running);
  }
  return demand;
}

Status SlurmAllocator::Submit() {
  JobScript script = options_.script;
  TUTTI_ASSIGN_OR_RETURN(script.profile, options_.read_profile());
  TUTTI_ASSIGN_OR_RETURN(
      std::string id,
      RunToEnd(
          {"/bin/sh", "-c", "exec sbatch --parsable --job-name=\"$0\" " + options_.sbatch_options,
           options_.name},
          WriteJobScript(script)));
  id.erase(std::ranges::find(id, '\n'), id.end());
  spdlog::info("--slurm: jobs wait, allocation {} asked for", id);
  return {};
}

}  // namespace tutti
