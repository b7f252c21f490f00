#include "coordinator/http/waiting_line.h"

#include <utility>

namespace tutti {

WaitingLine::WaitingLine(std::size_t threads, std::size_t most_waiting)
    : most_waiting_(most_waiting) {
  for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { Run(); });
}

void WaitingLine::enqueue(std::function<void()> serve) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return waiting_.size() < most_waiting_ || ended_; });
  waiting_.push_back(std::move(serve));
  changed_.notify_all();
}

void WaitingLine::shutdown() {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    changed_.notify_all();
  }
  for (std::thread& thread : threads_) thread.join();
}

void WaitingLine::Run() {
  while (true) {
    std::function<void()> serve;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return !waiting_.empty() || ended_; });
      if (waiting_.empty()) return;
      serve = std::move(waiting_.front());
      waiting_.pop_front();
      changed_.notify_all();
    }
    serve();
  }
}

}  // namespace tutti
