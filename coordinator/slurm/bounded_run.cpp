#include "coordinator/slurm/bounded_run.h"

#include <array>
#include <poll.h>
#include <unistd.h>
#include <utility>

#include "common/duration.h"
#include "common/process.h"

namespace tutti {
namespace {

constexpr int kLookMs = 100;

// What is there now; false: its end.
bool ReadSome(UniqueFd& fd, std::string& text) {
  std::array<char, 4'096> piece{};
  const ssize_t got = ::read(fd.get(), piece.data(), piece.size());
  if (got > 0) text.append(piece.data(), static_cast<std::size_t>(got));
  return got > 0;
}

// Waits for either of them a moment; a descriptor whose end was read is closed.
void ReadBoth(ChildProcess& child, std::string& out, std::string& errors) {
  std::array<pollfd, 2> polled{
      {{child.output().get(), POLLIN, 0}, {child.errors().get(), POLLIN, 0}}};
  if (::poll(polled.data(), polled.size(), kLookMs) <= 0) return;
  if (polled[0].revents != 0 && !ReadSome(child.output(), out)) child.output() = UniqueFd();
  if (polled[1].revents != 0 && !ReadSome(child.errors(), errors)) child.errors() = UniqueFd();
}

}  // namespace

Result<std::string> RunBounded(const BoundedRun& run, const Clock& clock) {
  SpawnOptions options;
  options.argv = run.command;
  options.input = Stream::kPipe;
  options.output = Stream::kPipe;
  options.errors = Stream::kPipe;
  const auto spawned = Spawn(options);
  const std::string& name = run.command.front();
  if (!spawned.ok()) return Unavailable(spawned.error().message);
  ChildProcess& child = **spawned;
  const SteadyTime deadline = clock.SteadyNow() + run.limit;
  const bool written =
      ::write(child.input().get(), run.input.data(), run.input.size()) == std::ssize(run.input);
  child.input() = UniqueFd();
  std::string out;
  std::string errors;
  std::optional<ExitStatus> ended;
  while (!ended || child.output().valid() || child.errors().valid()) {
    if (run.is_stopping && run.is_stopping()) return Error{ErrorCode::kCancelled, name + ": ended"};
    if (clock.SteadyNow() >= deadline) {
      return Error{ErrorCode::kDeadlineExceeded, name + ": no end after " +
                                                     FormatElapsed(run.limit) +
                                                     ", killed; is what it "
                                                     "asks (slurmctld) running and reachable? " +
                                                     errors};
    }
    ReadBoth(child, out, errors);
    ended = child.TryWait();
  }
  if (ended->success() && written) return out;
  return Unavailable(name + ": " + Describe(*ended) + (errors.empty() ? "" : ": " + errors));
}

}  // namespace tutti
