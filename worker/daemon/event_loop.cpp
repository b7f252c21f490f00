#include "worker/daemon/event_loop.h"

#include <algorithm>
#include <cerrno>
#include <limits>
#include <poll.h>
#include <unistd.h>

#include <sys/eventfd.h>

#include "common/check.h"

namespace tutti {

Result<std::unique_ptr<EventLoop>> EventLoop::Create(const Clock& clock) {
  UniqueFd wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake.valid()) return ErrnoError(errno, "make an eventfd");
  return std::unique_ptr<EventLoop>(new EventLoop(clock, std::move(wake)));
}

void EventLoop::Post(Task task) {
  {
    const std::lock_guard lock(mutex_);
    posted_.push_back(std::move(task));
    if (posted_.size() > 1) return;                     // it is woken already
    if (std::this_thread::get_id() == thread_) return;  // it looks before it waits
  }
  const std::uint64_t one = 1;
  (void)!::write(wake_.get(), &one, sizeof(one));  // full: the loop is awake anyway
}

void EventLoop::Stop() {
  Post([this] { stop_ = true; });
}

void EventLoop::Watch(int fd, short events, std::function<void(short)> on_ready) {
  TUTTI_CHECK(fd >= 0, "a descriptor to watch");
  watched_[fd] = {events, ++last_number_,
                  std::make_shared<std::function<void(short)>>(std::move(on_ready))};
}

void EventLoop::Unwatch(int fd) {
  watched_.erase(fd);
}

EventLoop::TimerId EventLoop::RunAt(SteadyTime when, Task task) {
  const TimerId id = ++last_number_;
  timers_.emplace(std::pair(when, id), std::move(task));
  timer_times_[id] = when;
  return id;
}

void EventLoop::Cancel(TimerId timer) {
  const auto found = timer_times_.find(timer);
  if (found == timer_times_.end()) return;
  timers_.erase({found->second, timer});
  timer_times_.erase(found);
}

int EventLoop::PollTimeoutMs() {
  {
    const std::lock_guard lock(mutex_);
    if (!posted_.empty()) return 0;
  }
  if (timers_.empty()) return -1;
  const auto left = timers_.begin()->first.first - clock_.SteadyNow();
  // Rounded up: a timer must not be found a moment too early again and again.
  const auto ms = std::chrono::ceil<std::chrono::milliseconds>(left).count();
  return static_cast<int>(std::clamp<std::int64_t>(ms, 0, std::numeric_limits<int>::max()));
}

void EventLoop::RunPosted() {
  std::vector<Task> tasks;
  {
    const std::lock_guard lock(mutex_);
    tasks.swap(posted_);
  }
  for (const Task& task : tasks) task();
}

void EventLoop::RunTimers() {
  const SteadyTime now = clock_.SteadyNow();
  while (!timers_.empty() && timers_.begin()->first.first <= now) {
    const Task task = std::move(timers_.begin()->second);
    timer_times_.erase(timers_.begin()->first.second);
    timers_.erase(timers_.begin());
    task();
  }
}

void EventLoop::RunOnce() {
  std::vector<pollfd> polled{{wake_.get(), POLLIN, 0}};
  std::vector<std::uint64_t> numbers{0};
  for (const auto& [fd, watched] : watched_) {
    polled.push_back({fd, watched.events, 0});
    numbers.push_back(watched.number);
  }
  const int ready = ::poll(polled.data(), polled.size(), PollTimeoutMs());
  TUTTI_CHECK(ready >= 0 || errno == EINTR, "poll");
  if (ready > 0 && polled[0].revents != 0) {
    std::uint64_t count = 0;
    (void)!::read(wake_.get(), &count, sizeof(count));
  }
  RunPosted();
  RunTimers();
  for (std::size_t i = 1; ready > 0 && i < polled.size(); ++i) {
    if (polled[i].revents == 0) continue;
    // An earlier callback may have ended this watch, and the number may be another file's by now.
    const auto found = watched_.find(polled[i].fd);
    if (found == watched_.end() || found->second.number != numbers[i]) continue;
    const auto callback = found->second.on_ready;
    (*callback)(polled[i].revents);
  }
}

void EventLoop::Run() {
  {
    const std::lock_guard lock(mutex_);
    thread_ = std::this_thread::get_id();
  }
  stop_ = false;
  while (!stop_) RunOnce();
}

}  // namespace tutti
