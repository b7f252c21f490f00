// Waiting that Ctrl-C ends: SIGINT and SIGTERM as something to ask for, not to be surprised by.
#pragma once

#include <chrono>

#include "common/unique_fd.h"

namespace tutti {

// Made once in main, before any thread. Owned by the main thread.
class Interrupt {
 public:
  Interrupt();

  // Returns early, and true, when the user asked to stop; also for every call after that.
  bool Wait(std::chrono::milliseconds at_most);
  bool asked() const { return asked_; }

 private:
  UniqueFd signals_;
  bool asked_ = false;
};

}  // namespace tutti
