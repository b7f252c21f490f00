// One runner process: job lines in, events out, one job at a time, warm for the next.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "common/clock.h"
#include "common/file_system.h"
#include "common/process.h"
#include "common/result.h"
#include "tutti/v1/worker.pb.h"
#include "worker/daemon/event_loop.h"
#include "worker/daemon/oom_evidence.h"
#include "worker/daemon/runner_cgroups.h"
#include "worker/daemon/runner_event.h"
#include "worker/daemon/runner_ledger.h"
#include "worker/daemon/runner_output.h"

namespace tutti {

inline constexpr std::int64_t kRunnerProtocol = 1;
// A runner that takes one job may use this long to end by itself after its result line.
inline constexpr std::chrono::seconds kExitGrace{10};
// A user's program is written to the ledger when it has run so long.
inline constexpr std::chrono::milliseconds kLedgerDelay{100};

// What to start.
struct RunnerProgram {
  std::vector<std::string> arguments;                              // the program first
  std::vector<std::pair<std::string, std::string>> environment{};  // added to the worker's own
  std::filesystem::path working_directory{};                       // empty: the worker's
  // The user's own program: it takes one job, its input ends with the job's line, and where it
  // tells no event its exit code is the result.
  bool foreign = false;
};

// Why a job has no result: everything but the attempt's own bookkeeping.
using JobEnd = std::variant<RunnerResult, v1::Broke>;

// Owned by the loop's thread. Destroying it kills the process group and waits for it.
class RunnerProcess {
 public:
  // What a runner needs from its surroundings; all outlive it.
  struct Surroundings {
    EventLoop& loop;
    const Clock& clock;
    FileSystem& files;
    RunnerLedger& ledger;
    RunnerCgroups* cgroups = nullptr;      // nothing: the machine gives this worker none
    std::filesystem::path oom_root = "/";  // where the kernel tells whom it ended (oom_evidence)
    std::shared_ptr<OomReadings> oom = std::make_shared<OomReadings>();
  };
  enum class State {
    kIdle,   // takes a job
    kBusy,   // has one
    kDying,  // takes none any more, and is not gone yet
    kGone,
  };
  // Progress, epoch, track error, artifact or log line of the current job. Must not destroy the
  // runner.
  using OnEvent = std::function<void(const RunnerEvent&)>;
  // Posted to the loop, once a job, last.
  using OnEnd = std::function<void(JobEnd)>;

  // on_gone is posted to the loop when the process has ended. kNotFound: no such program.
  static Result<std::unique_ptr<RunnerProcess>> Start(const Surroundings& surroundings,
                                                      RunnerProgram program,
                                                      std::function<void()> on_gone);
  ~RunnerProcess();
  RunnerProcess(const RunnerProcess&) = delete;
  RunnerProcess& operator=(const RunnerProcess&) = delete;

  // Requires kIdle. line: with its newline.
  void GiveJob(std::string line, OnEvent on_event, OnEnd on_end);
  // The whole group, at once; the current job's callbacks are not called any more.
  void Kill();

  State state() const { return state_; }
  // Idle, and not just ended.
  bool TakesJob() { return state_ == State::kIdle && !child_->TryWait(); }
  pid_t pid() const { return child_->pid(); }

 private:
  RunnerProcess(const Surroundings& surroundings, std::unique_ptr<ChildProcess> child, UniqueFd end,
                std::filesystem::path cgroup, bool foreign, std::function<void()> on_gone);

  // With all that it has started, as far as the kernel knows them as one.
  void EndAll();
  void Watch();
  void WriteInput();
  // False at the end of the stream.
  bool ReadSome(UniqueFd& from, LineSplitter& to);
  void OnReadable(UniqueFd& from, LineSplitter& to);
  void Log(std::string_view line);
  void OnOutputLine(std::string_view line, LineSplitter::Cut cut);
  void OnParsed(RunnerEvent event);
  void OnJobEnded(JobEnd end);
  void OnExit();
  v1::Broke BrokeBy(const ExitStatus& status) const;
  v1::Broke Broke(v1::FailureClass failure, const std::string& message) const;
  void Deliver(JobEnd end);
  void Fail(const std::string& message);

  Surroundings around_;
  std::unique_ptr<ChildProcess> child_;
  UniqueFd ended_;                      // pidfd: readable when the process has ended
  const std::filesystem::path cgroup_;  // empty: none of its own
  const bool foreign_;
  std::function<void()> on_gone_;
  State state_ = State::kIdle;
  bool told_something_ = false;  // an event of its job
  bool reusable_ = false;
  std::string input_;
  std::size_t written_ = 0;  // of input_
  LineSplitter output_lines_;
  LineSplitter error_lines_;
  LogTail log_;
  OnEvent on_event_;
  OnEnd on_end_;
  std::optional<JobEnd> end_;  // said by a runner that is to end by itself
  EventLoop::TimerId grace_ = 0;
  EventLoop::TimerId entry_ = 0;
  std::optional<std::uint64_t> oom_kills_before_;
};

}  // namespace tutti
