#include "tests/bench/swarm/timer_queue.h"

#include <chrono>
#include <utility>

namespace tutti {
namespace {

constexpr std::chrono::milliseconds kIdleWait{1'000};

}  // namespace

TimerQueue::TimerQueue(const Clock& clock) : clock_(clock), thread_([this] { Run(); }) {}

TimerQueue::~TimerQueue() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void TimerQueue::RunAt(SteadyTime when, std::function<void()> task) {
  const std::lock_guard lock(mutex_);
  const bool first = tasks_.empty() || when < tasks_.begin()->first;
  tasks_.emplace(when, std::move(task));
  if (first) changed_.notify_one();
}

void TimerQueue::Run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    const SteadyTime now = clock_.SteadyNow();
    if (tasks_.empty() || tasks_.begin()->first > now) {
      std::chrono::nanoseconds wait = kIdleWait;
      if (!tasks_.empty()) wait = std::min(wait, tasks_.begin()->first - now);
      changed_.wait_for(lock, wait);
      continue;
    }
    const auto task = std::move(tasks_.begin()->second);
    tasks_.erase(tasks_.begin());
    lock.unlock();
    task();
    lock.lock();
  }
}

}  // namespace tutti
