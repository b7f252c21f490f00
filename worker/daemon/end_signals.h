// SIGTERM and SIGINT as a descriptor, so that no code runs inside a signal handler.
#pragma once

#include <chrono>

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
  // True when a signal waits; it is not taken.
  bool WaitFor(std::chrono::milliseconds at_most);

 private:
  explicit EndSignals(UniqueFd fd) : fd_(std::move(fd)) {}

  UniqueFd fd_;
};

}  // namespace tutti
