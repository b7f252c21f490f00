// SIGTERM, SIGINT and SIGHUP as a descriptor, so that no code runs inside a signal handler.
#pragma once

#include <chrono>
#include <functional>

#include "common/result.h"
#include "common/unique_fd.h"

namespace tutti {

// Owned by the main thread.
class EndSignals {
 public:
  // Blocks the signals in this thread and in all that it makes later: call it before any thread.
  static Result<EndSignals> Block();

  // Readable when a signal waits.
  int fd() const { return fd_.get(); }
  // The number of a signal that came, 0 if none waits.
  int Take();
  // True when one that ends the daemon waits; it is not taken. A SIGHUP that waits is taken, and
  // on_reload called.
  bool WaitFor(std::chrono::milliseconds at_most, const std::function<void()>& on_reload);

 private:
  explicit EndSignals(UniqueFd fd) : fd_(std::move(fd)) {}

  UniqueFd fd_;
  int seen_ = 0;  // by WaitFor, and not taken
};

}  // namespace tutti
