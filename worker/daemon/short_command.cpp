#include "worker/daemon/short_command.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <poll.h>
#include <unistd.h>
#include <utility>

#include "worker/daemon/loop_child.h"

namespace tutti {

Result<std::unique_ptr<ShortCommand>> ShortCommand::Start(const Surroundings& surroundings,
                                                          const std::vector<std::string>& argv,
                                                          std::chrono::milliseconds limit,
                                                          OnEnd on_end) {
  SpawnOptions options;
  options.argv = argv;
  options.output = Stream::kPipe;
  options.errors = Stream::kNull;
  TUTTI_ASSIGN_OR_RETURN(auto child, Spawn(options));
  TUTTI_ASSIGN_OR_RETURN(UniqueFd ended, PrepareForLoop(*child, argv.front()));
  std::unique_ptr<ShortCommand> command(new ShortCommand(
      surroundings, std::move(child), std::move(ended), argv.front(), std::move(on_end)));
  ShortCommand& self = *command;
  // Told once it has really ended: one that hangs in a driver is not waited for.
  self.limit_ = surroundings.loop.RunAt(surroundings.clock.SteadyNow() + limit, [&self, limit] {
    self.late_ = "took longer than " + std::to_string(limit.count()) + " ms";
    self.child_->SignalGroup(SIGKILL);
  });
  return command;
}

ShortCommand::ShortCommand(const Surroundings& surroundings, std::unique_ptr<ChildProcess> child,
                           UniqueFd ended, std::string name, OnEnd on_end)
    : around_(surroundings),
      child_(std::move(child)),
      ended_(std::move(ended)),
      name_(std::move(name)),
      on_end_(std::move(on_end)) {
  around_.ledger.Shelter(child_->pid());
  around_.loop.Watch(child_->output().get(), POLLIN, [this](short) { Read(); });
  around_.loop.Watch(ended_.get(), POLLIN, [this](short) { OnExit(); });
}

ShortCommand::~ShortCommand() {
  around_.loop.Cancel(limit_);
  if (child_->output().valid()) around_.loop.Unwatch(child_->output().get());
  around_.loop.Unwatch(ended_.get());
  const pid_t pid = child_->pid();
  child_.reset();
  around_.ledger.Unshelter(pid);
}

void ShortCommand::Read() {
  std::array<char, 4096> buffer;
  while (child_->output().valid()) {
    const ssize_t n = ::read(child_->output().get(), buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) return;
    if (n > 0) output_.append(buffer.data(), static_cast<std::size_t>(n));
    const bool too_much = output_.size() > kMaxCommandOutputBytes;
    if (n > 0 && !too_much) continue;
    around_.loop.Unwatch(child_->output().get());
    child_->output().Reset();
    if (too_much) child_->SignalGroup(SIGKILL);
  }
}

void ShortCommand::OnExit() {
  const auto status = child_->TryWait();
  if (!status) return;
  Read();
  around_.loop.Unwatch(ended_.get());
  around_.loop.Cancel(std::exchange(limit_, 0));
  if (!late_.empty()) return Tell(Error{ErrorCode::kDeadlineExceeded, name_ + " " + late_});
  if (status->success()) return Tell(std::move(output_));
  Tell(FailedPrecondition(name_ + " ended with " + Describe(*status)));
}

void ShortCommand::Tell(Result<std::string> result) {
  around_.loop.Post([this, alive = std::weak_ptr(alive_), result = std::move(result)]() mutable {
    if (alive.expired()) return;
    const OnEnd on_end = std::exchange(on_end_, nullptr);  // it may destroy this
    on_end(std::move(result));
  });
}

}  // namespace tutti
