#include "worker/daemon/runner_process.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <poll.h>
#include <unistd.h>
#include <utility>

#include <spdlog/spdlog.h>

#include "common/check.h"
#include "worker/daemon/attempt_failure.h"
#include "worker/daemon/loop_child.h"

namespace tutti {
namespace {

constexpr std::size_t kReadsPerTurn = 16;  // then the loop serves others
constexpr std::size_t kReadBytes = 65'536;

std::size_t OutputLimit(std::string_view start) {
  const std::size_t n = std::min(start.size(), kEventPrefix.size());
  return start.substr(0, n) == kEventPrefix.substr(0, n) ? kMaxEventLineBytes : kMaxLogLineBytes;
}

}  // namespace

Result<std::unique_ptr<RunnerProcess>> RunnerProcess::Start(const Surroundings& surroundings,
                                                            RunnerProgram program,
                                                            std::function<void()> on_gone) {
  SpawnOptions options;
  options.argv = std::move(program.arguments);
  options.environment = std::move(program.environment);
  options.environment.emplace_back(kRunnerMarkVariable, surroundings.ledger.mark());
  options.working_directory = std::move(program.working_directory);
  options.input = Stream::kPipe;
  options.output = Stream::kPipe;
  options.errors = Stream::kPipe;
  options.adopts_orphans = true;
  if (surroundings.cgroups != nullptr) options.cgroup = surroundings.cgroups->Make();
  TUTTI_ASSIGN_OR_RETURN(auto child, Spawn(options));
  // A program of milliseconds is not worth a file; what it has started is known by its mark.
  if (program.foreign) surroundings.ledger.Shelter(child->pid());
  if (!program.foreign) TUTTI_RETURN_IF_ERROR(surroundings.ledger.Add(child->pid()));
  TUTTI_ASSIGN_OR_RETURN(UniqueFd end, PrepareForLoop(*child, "a runner"));
  return std::unique_ptr<RunnerProcess>(new RunnerProcess(surroundings, std::move(child),
                                                          std::move(end), std::move(options.cgroup),
                                                          program.foreign, std::move(on_gone)));
}

RunnerProcess::RunnerProcess(const Surroundings& surroundings, std::unique_ptr<ChildProcess> child,
                             UniqueFd end, std::filesystem::path cgroup, bool foreign,
                             std::function<void()> on_gone)
    : around_(surroundings),
      child_(std::move(child)),
      ended_(std::move(end)),
      cgroup_(std::move(cgroup)),
      foreign_(foreign),
      on_gone_(std::move(on_gone)),
      output_lines_(OutputLimit, [this](std::string_view line,
                                        LineSplitter::Cut cut) { OnOutputLine(line, cut); }),
      error_lines_([](std::string_view) { return kMaxLogLineBytes; },
                   [this](std::string_view line, LineSplitter::Cut) { Log(line); }) {
  Watch();
  if (!foreign) return;
  entry_ = around_.loop.RunAt(around_.clock.SteadyNow() + kLedgerDelay, [this] {
    const Status added = around_.ledger.Add(child_->pid());
    if (!added.ok()) spdlog::warn("{}", added.error().message);
  });
}

RunnerProcess::~RunnerProcess() {
  around_.loop.Cancel(grace_);
  around_.loop.Cancel(entry_);
  for (const UniqueFd* fd : {&child_->input(), &child_->output(), &child_->errors(), &ended_}) {
    if (fd->valid()) around_.loop.Unwatch(fd->get());
  }
  const pid_t pid = child_->pid();
  EndAll();
  child_.reset();
  around_.ledger.Remove(pid);
  if (around_.cgroups != nullptr) around_.cgroups->Remove(cgroup_);
}

void RunnerProcess::EndAll() {
  if (around_.cgroups != nullptr) around_.cgroups->End(cgroup_);
  child_->SignalGroup(SIGKILL);
}

void RunnerProcess::Watch() {
  EventLoop& loop = around_.loop;
  loop.Watch(child_->output().get(), POLLIN,
             [this](short) { OnReadable(child_->output(), output_lines_); });
  loop.Watch(child_->errors().get(), POLLIN,
             [this](short) { OnReadable(child_->errors(), error_lines_); });
  loop.Watch(ended_.get(), POLLIN, [this](short) { OnExit(); });
}

void RunnerProcess::GiveJob(std::string line, OnEvent on_event, OnEnd on_end) {
  TUTTI_CHECK(state_ == State::kIdle, "a runner does one job at a time");
  state_ = State::kBusy;
  on_event_ = std::move(on_event);
  on_end_ = std::move(on_end);
  log_.Clear();
  oom_kills_before_ = around_.oom->Recent(around_.files, around_.oom_root, around_.clock);
  input_ = std::move(line);
  written_ = 0;
  WriteInput();
}

void RunnerProcess::WriteInput() {
  UniqueFd& fd = child_->input();
  while (written_ < input_.size()) {
    const ssize_t n = ::write(fd.get(), input_.data() + written_, input_.size() - written_);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) {
      around_.loop.Watch(fd.get(), POLLOUT, [this](short) { WriteInput(); });
      return;
    }
    if (n < 0) break;  // nobody reads: its end will tell why
    written_ += static_cast<std::size_t>(n);
  }
  input_.clear();
  written_ = 0;
  around_.loop.Unwatch(fd.get());
  if (foreign_) fd.Reset();
}

bool RunnerProcess::ReadSome(UniqueFd& from, LineSplitter& to) {
  std::array<char, kReadBytes> buffer;
  for (std::size_t i = 0; i < kReadsPerTurn; ++i) {
    const ssize_t n = ::read(from.get(), buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) return true;
    if (n <= 0) return false;
    to.Feed({buffer.data(), static_cast<std::size_t>(n)});
  }
  return true;
}

void RunnerProcess::OnReadable(UniqueFd& from, LineSplitter& to) {
  if (ReadSome(from, to)) return;
  around_.loop.Unwatch(from.get());
  to.Finish();
}

void RunnerProcess::Log(std::string_view line) {
  const std::string& text = log_.Add(line);
  if (on_event_) on_event_(RunnerLogLine{text});
}

void RunnerProcess::OnOutputLine(std::string_view line, LineSplitter::Cut cut) {
  if (!line.starts_with(kEventPrefix)) return Log(line);
  if (cut == LineSplitter::Cut::kYes) {
    Log(line);
    return Fail("the runner wrote an event line of more than " +
                std::to_string(kMaxEventLineBytes) + " bytes");
  }
  ParsedEvent parsed = ParseRunnerEvent(line);
  told_something_ = true;
  if (auto* event = std::get_if<RunnerEvent>(&parsed)) return OnParsed(std::move(*event));
  Log(line);
  if (const auto* bad = std::get_if<BadEvent>(&parsed)) {
    Log("(" + bad->error.message + ")");
    if (bad->is_last) Fail("the runner's last line cannot be read: " + bad->error.message);
  }
}

void RunnerProcess::OnParsed(RunnerEvent event) {
  if (const auto* hello = std::get_if<RunnerHello>(&event)) {
    reusable_ = hello->reusable && !foreign_;
    if (hello->protocol != kRunnerProtocol) {
      Fail("the runner speaks protocol " + std::to_string(hello->protocol) + ", expected " +
           std::to_string(kRunnerProtocol) + "; are both of one release?");
    }
    return;
  }
  if (state_ != State::kBusy || end_) return;
  // What it had printed before belongs to this job.
  const bool is_last =
      std::holds_alternative<RunnerResult>(event) || std::holds_alternative<RunnerError>(event);
  if (is_last && child_->errors().valid()) ReadSome(child_->errors(), error_lines_);
  if (auto* result = std::get_if<RunnerResult>(&event)) return OnJobEnded(std::move(*result));
  if (const auto* error = std::get_if<RunnerError>(&event)) {
    return OnJobEnded(Broke(error->failure, error->message));
  }
  if (on_event_) on_event_(event);
}

void RunnerProcess::OnJobEnded(JobEnd end) {
  if (reusable_) {
    state_ = State::kIdle;
    return Deliver(std::move(end));
  }
  end_ = std::move(end);
  around_.loop.Unwatch(child_->input().get());
  child_->input().Reset();
  grace_ = around_.loop.RunAt(around_.clock.SteadyNow() + kExitGrace, [this] { EndAll(); });
}

void RunnerProcess::OnExit() {
  const auto status = child_->TryWait();
  if (!status) return;
  around_.loop.Unwatch(ended_.get());
  around_.loop.Cancel(grace_);
  // Its children go first: they might hold the pipes open and write for ever.
  EndAll();
  (void)around_.ledger.LookForOrphans(around_.clock);
  OnReadable(child_->errors(), error_lines_);
  OnReadable(child_->output(), output_lines_);
  error_lines_.Finish();
  output_lines_.Finish();
  around_.loop.Unwatch(child_->output().get());
  around_.loop.Unwatch(child_->errors().get());
  const bool busy = state_ == State::kBusy;
  state_ = State::kGone;
  if (end_) {
    Deliver(*std::exchange(end_, std::nullopt));
  } else if (busy && foreign_ && !told_something_ && status->success()) {
    Deliver(RunnerResult{});
  } else if (busy) {
    Deliver(BrokeBy(*status));
  }
  around_.loop.Post(on_gone_);
}

v1::Broke RunnerProcess::Broke(v1::FailureClass failure, const std::string& message) const {
  v1::Broke broke = BrokeOf(failure, message);
  for (std::string& line : log_.Lines()) *broke.add_log_tail() = std::move(line);
  return broke;
}

v1::Broke RunnerProcess::BrokeBy(const ExitStatus& status) const {
  v1::FailureClass failure = v1::FAILURE_CLASS_CRASHED;
  std::string message = "the runner ended without a result: " + Describe(status);
  // A SIGKILL of ours leaves no job behind, so this one came from elsewhere. A shell tells that of
  // its child as an exit code.
  const bool was_killed = status.signal == SIGKILL || status.exit_code == 128 + SIGKILL;
  const auto oom_kills = around_.oom->Now(around_.files, around_.oom_root, around_.clock);
  if (was_killed && oom_kills && oom_kills_before_ && *oom_kills > *oom_kills_before_) {
    failure = v1::FAILURE_CLASS_OUT_OF_MEMORY;
    message = "the kernel ended the runner: the machine had no memory left";
  }
  v1::Broke broke = Broke(failure, message);
  broke.set_exit_code(status.exit_code);
  broke.set_signal(status.signal);
  return broke;
}

void RunnerProcess::Deliver(JobEnd end) {
  on_event_ = nullptr;
  if (!on_end_) return;
  around_.loop.Post([on_end = std::exchange(on_end_, nullptr), end = std::move(end)]() mutable {
    on_end(std::move(end));
  });
}

// What it says cannot be trusted any more.
void RunnerProcess::Fail(const std::string& message) {
  if (state_ == State::kBusy) Deliver(Broke(v1::FAILURE_CLASS_CRASHED, message));
  Kill();
}

void RunnerProcess::Kill() {
  on_event_ = nullptr;
  on_end_ = nullptr;
  if (state_ != State::kGone) state_ = State::kDying;
  EndAll();
}

}  // namespace tutti
