// A few threads for what blocks: downloads, uploads, hashing.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace tutti {

// Thread-safe. The number of waiting tasks is bounded by its user: one per attempt.
class IoPool {
 public:
  explicit IoPool(std::size_t threads);
  // Forgets what waits, and waits for what runs.
  ~IoPool();
  IoPool(const IoPool&) = delete;
  IoPool& operator=(const IoPool&) = delete;

  void Run(std::function<void()> task);

 private:
  void Work();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> tasks_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace tutti
