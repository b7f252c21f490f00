#include "worker/daemon/runner_pool.h"

#include <algorithm>
#include <utility>

#include "common/runner_environment.h"

namespace tutti {

RunnerPool::Runner* RunnerPool::FindIdle(v1::JobKind kind) {
  for (auto& [number, runner] : runners_) {
    if (runner.kind == kind && runner.process->TakesJob()) return &runner;
  }
  return nullptr;
}

// Processes that are on their way out hold no slot.
void RunnerPool::MakeRoom(v1::JobKind kind) {
  const auto alive = std::ranges::count_if(runners_, [](const auto& entry) {
    const auto state = entry.second.process->state();
    return state == RunnerProcess::State::kIdle || state == RunnerProcess::State::kBusy;
  });
  if (static_cast<std::size_t>(alive) < slots_) return;
  for (auto& [number, runner] : runners_) {
    if (runner.kind == kind || runner.process->state() != RunnerProcess::State::kIdle) continue;
    return runner.process->Kill();
  }
}

Result<RunnerPool::Runner*> RunnerPool::StartRunner(v1::JobKind kind, RunnerProgram program) {
  MakeRoom(kind);
  const std::uint64_t number = ++last_number_;
  const auto on_gone = [this, number, alive = std::weak_ptr(alive_)] {
    if (alive.expired()) return;
    runners_.erase(number);
    EndOrphans();
  };
  TUTTI_ASSIGN_OR_RETURN(auto process, RunnerProcess::Start(around_, std::move(program), on_gone));
  Runner& runner = runners_[number];
  runner.kind = kind;
  runner.process = std::move(process);
  return &runner;
}

Result<RunnerPool::JobNumber> RunnerPool::Run(v1::JobKind kind, std::string line,
                                              RunnerProcess::OnEvent on_event,
                                              RunnerProcess::OnEnd on_end) {
  Runner* runner = FindIdle(kind);
  if (runner == nullptr) {
    const auto command = programs_.find(kind);
    if (command == programs_.end()) {
      return InvalidArgument("this worker has no runner for jobs of kind " +
                             v1::JobKind_Name(kind));
    }
    TUTTI_ASSIGN_OR_RETURN(runner, StartRunner(kind, {.arguments = command->second,
                                                      .environment = RunnerEnvironment()}));
  }
  runner->job = ++last_number_;
  runner->process->GiveJob(std::move(line), std::move(on_event), std::move(on_end));
  return runner->job;
}

Result<RunnerPool::JobNumber> RunnerPool::RunProgram(RunnerProgram program, std::string line,
                                                     RunnerProcess::OnEvent on_event,
                                                     RunnerProcess::OnEnd on_end) {
  TUTTI_ASSIGN_OR_RETURN(Runner* const runner,
                         StartRunner(v1::JOB_KIND_COMMAND, std::move(program)));
  runner->job = ++last_number_;
  runner->process->GiveJob(std::move(line), std::move(on_event), std::move(on_end));
  return runner->job;
}

void RunnerPool::Abort(JobNumber job) {
  for (auto& [number, runner] : runners_) {
    const bool busy = runner.process->state() == RunnerProcess::State::kBusy;
    if (runner.job == job && busy) return runner.process->Kill();
  }
}

std::optional<pid_t> RunnerPool::PidOf(JobNumber job) const {
  for (const auto& [number, runner] : runners_) {
    const bool busy = runner.process->state() == RunnerProcess::State::kBusy;
    if (job != 0 && runner.job == job && busy) return runner.process->pid();
  }
  return std::nullopt;
}

void RunnerPool::EndOrphans() {
  around_.loop.Cancel(std::exchange(orphan_look_, 0));
  const auto again = around_.ledger.LookForOrphans(around_.clock);
  if (!again) return;
  orphan_look_ = around_.loop.RunAt(*again, [this] {
    orphan_look_ = 0;
    EndOrphans();
  });
}

void RunnerPool::KillAll() {
  for (auto& [number, runner] : runners_) runner.process->Kill();
  runners_.clear();
  const SteadyTime deadline = around_.clock.SteadyNow() + kOrphanLimit;
  while (around_.ledger.EndOrphans(kOrphanLook) > 0 && around_.clock.SteadyNow() < deadline) {
  }
}

RunnerPool::~RunnerPool() {
  around_.loop.Cancel(orphan_look_);
  KillAll();
}

}  // namespace tutti
