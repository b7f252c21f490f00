// Virtual time: what is to happen, in the order of its time, on one thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <utility>

#include "common/check.h"
#include "tests/support/fake_clock.h"

namespace tutti {

// Whoever may be killed holds one; what it planned dies with it.
using Life = std::shared_ptr<const bool>;
inline Life NewLife() {
  return std::make_shared<const bool>(true);
}

class Timeline {
 public:
  using Task = std::function<void()>;
  using Milliseconds = std::chrono::milliseconds;

  const FakeClock& clock() const { return clock_; }
  SteadyTime Now() const { return clock_.SteadyNow(); }

  // What comes due at the same moment runs in the order of the calls.
  void After(Milliseconds delay, Task task) {
    TUTTI_CHECK(delay.count() >= 0, "the past cannot be planned");
    tasks_.emplace(std::pair(Now() + delay, ++planned_), std::move(task));
  }
  // Does not run once `life` has ended.
  void After(Milliseconds delay, const Life& life, Task task) {
    After(delay, [weak = std::weak_ptr(life), task = std::move(task)] {
      if (const Life alive = weak.lock()) task();
    });
  }

  // False: nothing is planned any more.
  bool RunNext() {
    if (tasks_.empty()) return false;
    const auto next = tasks_.begin();
    clock_.Advance(std::chrono::duration_cast<Milliseconds>(next->first.first - Now()));
    const Task task = std::move(next->second);
    tasks_.erase(next);
    task();
    return true;
  }

 private:
  FakeClock clock_;
  std::map<std::pair<SteadyTime, std::uint64_t>, Task> tasks_;
  std::uint64_t planned_ = 0;
};

}  // namespace tutti
