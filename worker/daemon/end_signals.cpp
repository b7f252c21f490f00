#include "worker/daemon/end_signals.h"

#include <cerrno>
#include <csignal>
#include <poll.h>
#include <unistd.h>
#include <utility>

#include <sys/signalfd.h>

namespace tutti {

Result<EndSignals> EndSignals::Block() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGHUP);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  UniqueFd fd(::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd.valid()) return ErrnoError(errno, "make a signalfd");
  return EndSignals(std::move(fd));
}

int EndSignals::Take() {
  if (seen_ != 0) return std::exchange(seen_, 0);
  signalfd_siginfo info{};
  if (::read(fd_.get(), &info, sizeof(info)) != sizeof(info)) return 0;
  return static_cast<int>(info.ssi_signo);
}

bool EndSignals::WaitFor(std::chrono::milliseconds at_most,
                         const std::function<void()>& on_reload) {
  pollfd polled{fd_.get(), POLLIN, 0};
  if (seen_ == 0 && ::poll(&polled, 1, static_cast<int>(at_most.count())) > 0) {
    const int signal = Take();
    if (signal == SIGHUP) {
      on_reload();
    } else {
      seen_ = signal;
    }
  }
  return seen_ != 0;
}

}  // namespace tutti
