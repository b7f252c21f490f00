#include "cli/interrupt.h"

#include <csignal>
#include <poll.h>

#include <sys/signalfd.h>

namespace tutti {

Interrupt::Interrupt() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signals_ = UniqueFd(::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
  std::signal(SIGPIPE, SIG_IGN);
}

bool Interrupt::Wait(std::chrono::milliseconds at_most) {
  if (asked_) return true;
  pollfd ready{signals_.get(), POLLIN, 0};
  asked_ = ::poll(&ready, 1, static_cast<int>(at_most.count())) > 0;
  return asked_;
}

}  // namespace tutti
