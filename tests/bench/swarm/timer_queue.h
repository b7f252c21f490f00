// Tasks at their times, on one thread.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <thread>

#include "common/clock.h"

namespace tutti {

// Thread-safe. A task must not block.
class TimerQueue {
 public:
  explicit TimerQueue(const Clock& clock);
  // Tasks that are not due yet never run.
  ~TimerQueue();

  void RunAt(SteadyTime when, std::function<void()> task);

 private:
  void Run();

  const Clock& clock_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::multimap<SteadyTime, std::function<void()>> tasks_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace tutti
