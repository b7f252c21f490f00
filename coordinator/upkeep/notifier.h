// Runs the operator's command (--notify) when a sweep ends, and when the first of its runs fails.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "common/clock.h"
#include "coordinator/store/reader_pool.h"
#include "coordinator/upkeep/sweep_watch.h"

namespace tutti {

// A command that takes longer is killed with all that it started, so that the next can run.
inline constexpr std::chrono::seconds kNotifyLimit{60};

// One thread; commands run one after the other. The command is the operator's and goes through
// `sh -c`; what happened is in its environment alone, so that no name or message becomes part of
// it: TUTTI_EVENT (first_failure, sweep_ended), TUTTI_SWEEP, TUTTI_SUCCEEDED, TUTTI_FAILED,
// TUTTI_CANCELLED, TUTTI_MESSAGE. A failure of it is logged and changes nothing.
class Notifier {
 public:
  // readers, clock outlive it.
  Notifier(ReaderPool& readers, const Clock& clock, std::string command);
  ~Notifier();
  Notifier(const Notifier&) = delete;
  Notifier& operator=(const Notifier&) = delete;

  // Ends a command that runs.
  void Stop();

 private:
  void Run();
  void Look();
  void Tell(const SweepNotice& notice);
  // False: it is to stop.
  bool Wait(std::chrono::milliseconds duration);

  ReaderPool& readers_;
  const Clock& clock_;
  const std::string command_;
  SweepWatch watch_;
  std::mutex mutex_;
  std::condition_variable stop_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace tutti
