#include "coordinator/rpc/aside.h"

#include <string>
#include <utility>

namespace tutti {

Aside::Aside(std::size_t threads, std::size_t most_waiting) : most_waiting_(most_waiting) {
  for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { Run(); });
}

Aside::~Aside() {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

Status Aside::Post(std::function<void()> work) {
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.size() >= most_waiting_) {
      return ResourceExhausted(std::to_string(waiting_.size()) +
                               " calls of this kind wait already, at most " +
                               std::to_string(most_waiting_) + " at once; ask again later");
    }
    waiting_.push_back(std::move(work));
  }
  changed_.notify_one();
  return {};
}

void Aside::Run() {
  while (true) {
    std::function<void()> work;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return !waiting_.empty() || ended_; });
      if (waiting_.empty()) return;
      work = std::move(waiting_.front());
      waiting_.pop_front();
    }
    work();
  }
}

}  // namespace tutti
