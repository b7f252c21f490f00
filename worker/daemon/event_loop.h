// The daemon's main loop: descriptors, timers, and work handed over by other threads, on one
// thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "common/clock.h"
#include "common/result.h"
#include "common/unique_fd.h"

namespace tutti {

// Owned by the thread that calls Run(); only Post and Stop may be called from others. Callbacks may
// watch, unwatch and destroy what they like.
class EventLoop {
 public:
  using Task = std::function<void()>;
  using TimerId = std::uint64_t;  // 0: no timer

  static Result<std::unique_ptr<EventLoop>> Create(const Clock& clock);

  // Runs soon on the loop's thread, in the order of the calls. Thread-safe.
  void Post(Task task);
  // Run() returns once everything posted before has run. Thread-safe.
  void Stop();

  // on_ready(revents) whenever poll() says that one of `events` holds. One watch per descriptor; a
  // second call changes it.
  void Watch(int fd, short events, std::function<void(short)> on_ready);
  void Unwatch(int fd);

  TimerId RunAt(SteadyTime when, Task task);
  void Cancel(TimerId timer);

  // Until Stop().
  void Run();

 private:
  struct Watched {
    short events = 0;
    std::uint64_t number = 0;
    std::shared_ptr<std::function<void(short)>> on_ready;
  };

  EventLoop(const Clock& clock, UniqueFd wake) : clock_(clock), wake_(std::move(wake)) {}

  int PollTimeoutMs();
  void RunPosted();
  void RunTimers();
  void RunOnce();

  const Clock& clock_;
  UniqueFd wake_;
  std::map<int, Watched> watched_;
  std::map<std::pair<SteadyTime, TimerId>, Task> timers_;
  std::map<TimerId, SteadyTime> timer_times_;
  std::uint64_t last_number_ = 0;
  bool stop_ = false;

  std::mutex mutex_;
  std::vector<Task> posted_;
  std::thread::id thread_;  // that runs it; none yet
};

}  // namespace tutti
