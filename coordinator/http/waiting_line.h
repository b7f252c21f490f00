// Threads that serve connections, and a bounded line before them.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <httplib.h>
#include <mutex>
#include <thread>
#include <vector>

namespace tutti {

// httplib's own has no bound. Where the line is full nobody is let in until somebody has gone: what
// comes then waits in the kernel, whose line is bounded too.
class WaitingLine final : public httplib::TaskQueue {
 public:
  WaitingLine(std::size_t threads, std::size_t most_waiting);

  void enqueue(std::function<void()> serve) override;
  void shutdown() override;

 private:
  void Run();

  const std::size_t most_waiting_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> waiting_;
  bool ended_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace tutti
