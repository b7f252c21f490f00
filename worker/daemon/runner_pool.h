// The runner processes of one worker: at most one per slot, kept warm between jobs of their kind.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/result.h"
#include "tutti/v1/common.pb.h"
#include "worker/daemon/runner_process.h"

namespace tutti {

// The end of the last runners and of what they leave is waited for so long.
inline constexpr std::chrono::milliseconds kOrphanLimit{2'000};

// Owned by the loop's thread. Destroying it ends all runners and what they have started.
class RunnerPool {
 public:
  using JobNumber = std::uint64_t;
  // The command of each kind of job that this worker runs.
  using Programs = std::map<v1::JobKind, std::vector<std::string>>;

  RunnerPool(const RunnerProcess::Surroundings& surroundings, Programs programs, std::size_t slots)
      : around_(surroundings), programs_(std::move(programs)), slots_(slots) {}
  ~RunnerPool();
  RunnerPool(const RunnerPool&) = delete;
  RunnerPool& operator=(const RunnerPool&) = delete;

  // Gives the job to a warm runner of its kind, or starts one; where every slot has its process, an
  // idle one of another kind makes room. kInvalidArgument: no program for this kind. kNotFound: the
  // program is not there.
  Result<JobNumber> Run(v1::JobKind kind, std::string line, RunnerProcess::OnEvent on_event,
                        RunnerProcess::OnEnd on_end);
  // The same with a process of its own, which ends with the job.
  Result<JobNumber> RunProgram(RunnerProgram program, std::string line,
                               RunnerProcess::OnEvent on_event, RunnerProcess::OnEnd on_end);
  // Ends the runner of this job, if it still has it.
  void Abort(JobNumber job);
  // Of the runner that has this job; nothing: none has it.
  std::optional<pid_t> PidOf(JobNumber job) const;
  // Every runner and what it has started; none takes a job any more.
  void KillAll();

  std::size_t process_count() const { return runners_.size(); }

 private:
  struct Runner {
    v1::JobKind kind = v1::JOB_KIND_UNSPECIFIED;
    JobNumber job = 0;  // its latest
    std::unique_ptr<RunnerProcess> process;
  };

  Runner* FindIdle(v1::JobKind kind);
  void MakeRoom(v1::JobKind kind);
  Result<Runner*> StartRunner(v1::JobKind kind, RunnerProgram program);
  // Until there are none.
  void EndOrphans();

  RunnerProcess::Surroundings around_;
  Programs programs_;
  std::size_t slots_;
  std::uint64_t last_number_ = 0;
  std::map<std::uint64_t, Runner> runners_;
  EventLoop::TimerId orphan_look_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // for callbacks that come late
};

}  // namespace tutti
