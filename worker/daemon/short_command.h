// A short program that is asked something beside the main loop's work.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/clock.h"
#include "common/process.h"
#include "common/result.h"
#include "worker/daemon/event_loop.h"
#include "worker/daemon/runner_ledger.h"

namespace tutti {

// Of its stdout; what is more is not read, and the answer is an error.
inline constexpr std::size_t kMaxCommandOutputBytes = 1 << 20;

// Owned by the loop's thread, which it never holds up. Destroying it ends the program and tells
// nothing.
class ShortCommand {
 public:
  struct Surroundings {
    EventLoop& loop;
    const Clock& clock;
    RunnerLedger& ledger;  // would else take the program for something that a runner has left
  };
  // Its stdout, where its exit code is 0; kDeadlineExceeded: it was ended, as it took longer than
  // `limit`. Posted to the loop, once, when the process is gone. May destroy this.
  using OnEnd = std::function<void(Result<std::string>)>;

  // kNotFound: no such program.
  static Result<std::unique_ptr<ShortCommand>> Start(const Surroundings& surroundings,
                                                     const std::vector<std::string>& argv,
                                                     std::chrono::milliseconds limit, OnEnd on_end);
  ~ShortCommand();
  ShortCommand(const ShortCommand&) = delete;
  ShortCommand& operator=(const ShortCommand&) = delete;

 private:
  ShortCommand(const Surroundings& surroundings, std::unique_ptr<ChildProcess> child,
               UniqueFd ended, std::string name, OnEnd on_end);

  void Read();
  void OnExit();
  void Tell(Result<std::string> result);

  Surroundings around_;
  std::unique_ptr<ChildProcess> child_;
  UniqueFd ended_;  // pidfd: readable when it has ended
  const std::string name_;
  OnEnd on_end_;
  std::string output_;
  std::string late_;  // why it was ended; empty: it was not
  EventLoop::TimerId limit_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // for what is posted
};

}  // namespace tutti
