#include "worker/daemon/end_signals.h"

#include <cerrno>
#include <csignal>
#include <poll.h>
#include <unistd.h>

#include <sys/signalfd.h>

namespace tutti {

Result<EndSignals> EndSignals::Block() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  UniqueFd fd(::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd.valid()) return ErrnoError(errno, "make a signalfd");
  return EndSignals(std::move(fd));
}

int EndSignals::Take() {
  signalfd_siginfo info{};
  if (::read(fd_.get(), &info, sizeof(info)) != sizeof(info)) return 0;
  return static_cast<int>(info.ssi_signo);
}

bool EndSignals::WaitFor(std::chrono::milliseconds at_most) {
  pollfd polled{fd_.get(), POLLIN, 0};
  return ::poll(&polled, 1, static_cast<int>(at_most.count())) > 0;
}

}  // namespace tutti
