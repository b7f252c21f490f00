#include "cli/daemon_process.h"

#include <cerrno>
#include <csignal>
#include <poll.h>
#include <unistd.h>

#include "common/environment.h"

namespace tutti {
namespace {

constexpr std::chrono::seconds kReadyWithin{60};
constexpr std::chrono::seconds kEndWithin{15};
constexpr int kPollMs = 50;

}  // namespace

Result<std::unique_ptr<DaemonProcess>> DaemonProcess::Start(
    const std::string& program, const std::vector<std::string>& arguments, const Clock& clock,
    Interrupt& interrupt) {
  TUTTI_ASSIGN_OR_RETURN(const auto folder, BinaryFolder());
  SpawnOptions options;
  options.argv = {(folder / program).string()};
  options.argv.insert(options.argv.end(), arguments.begin(), arguments.end());
  options.output = Stream::kPipe;
  TUTTI_ASSIGN_OR_RETURN(auto process, Spawn(options));
  std::unique_ptr<DaemonProcess> daemon(new DaemonProcess(std::move(process), clock));
  TUTTI_RETURN_IF_ERROR(daemon->WaitUntilReady(program, interrupt));
  return daemon;
}

Status DaemonProcess::WaitUntilReady(const std::string& program, Interrupt& interrupt) {
  const SteadyTime deadline = clock_.SteadyNow() + kReadyWithin;
  while (clock_.SteadyNow() < deadline) {
    if (interrupt.Wait(std::chrono::milliseconds(0))) {
      return Error{ErrorCode::kCancelled, "stopped"};
    }
    pollfd readable{process_->output().get(), POLLIN, 0};
    if (::poll(&readable, 1, kPollMs) <= 0) continue;
    char buffer[4096];
    const ssize_t n = ::read(readable.fd, buffer, sizeof(buffer));
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (n <= 0) {
      return Unavailable(program + " ended before it was ready: " + Describe(process_->Wait()));
    }
    output_.append(buffer, static_cast<std::size_t>(n));
    const std::size_t end = output_.find('\n');
    if (end == std::string::npos) continue;
    TUTTI_ASSIGN_OR_RETURN(ready_, ParseJson(std::string_view(output_).substr(0, end), program));
    return {};
  }
  return Unavailable(program + " was not ready within " + std::to_string(kReadyWithin.count()) +
                     " s");
}

void DaemonProcess::AskToEnd() {
  if (!process_->TryWait()) ::kill(process_->pid(), SIGTERM);
}

DaemonProcess::~DaemonProcess() {
  AskToEnd();
  const SteadyTime deadline = clock_.SteadyNow() + kEndWithin;
  while (!process_->TryWait() && clock_.SteadyNow() < deadline) ::poll(nullptr, 0, kPollMs);
  // The process's own destructor ends by force whatever is left of its group.
}

}  // namespace tutti
