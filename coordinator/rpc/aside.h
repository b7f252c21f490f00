// Work that takes longer than gRPC's own few threads may be kept from other calls.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "common/result.h"

namespace tutti {

// Thread-safe. Its end waits for what was posted.
class Aside {
 public:
  Aside(std::size_t threads, std::size_t most_waiting);
  ~Aside();
  Aside(const Aside&) = delete;
  Aside& operator=(const Aside&) = delete;

  // kResourceExhausted: so many wait already; `work` is not done then.
  Status Post(std::function<void()> work);

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
