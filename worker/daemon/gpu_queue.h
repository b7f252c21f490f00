// The runs of a worker that wait for room on a GPU, in the order in which they asked.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>

#include "common/clock.h"
#include "worker/daemon/event_loop.h"
#include "worker/daemon/gpu_shares.h"

namespace tutti {

// Another worker may have room: longer no run waits here. It is too short for the longest probes
// (an epoch), and then the runs come again when that one has told.
inline constexpr std::chrono::milliseconds kGpuWaitLimit{60'000};

// Owned by the loop's thread.
class GpuQueue {
 public:
  using Place = std::uint64_t;  // 0: none
  using OnDevice = std::function<void(const std::string& device)>;
  // It has waited too long, and has no place any more.
  using OnLate = std::function<void(const std::string& why)>;

  GpuQueue(EventLoop& loop, const Clock& clock, GpuShares& shares,
           std::chrono::milliseconds limit = kGpuWaitLimit)
      : loop_(loop), clock_(clock), shares_(shares), limit_(limit) {}
  ~GpuQueue();
  GpuQueue(const GpuQueue&) = delete;
  GpuQueue& operator=(const GpuQueue&) = delete;

  // One of the two is called later on the loop, once, unless it leaves before.
  Place Ask(GpuWish wish, std::string key, OnDevice on_device, OnLate on_late);
  // The share goes back, or it waits no more. OK for one that has left.
  void Leave(Place place);

  // As GpuShares has them.
  void Learn(const std::string& key, std::int64_t peak_bytes);
  void ObserveMemory(const std::string& device, std::int64_t total_bytes);
  void ObserveStrangers(const std::string& device, bool there_are);

  // A run found no room, and nothing has changed since: another would find none.
  bool full() const { return full_; }

 private:
  struct Waiting {
    Place place = 0;
    GpuWish wish;
    std::string key;
    OnDevice on_device;
    OnLate on_late;
    SteadyTime until;
  };

  void ServeSoon();
  void Serve();
  void EndLate();

  EventLoop& loop_;
  const Clock& clock_;
  GpuShares& shares_;
  const std::chrono::milliseconds limit_;
  std::list<Waiting> waiting_;
  std::map<Place, GpuShares::Share> shares_given_;
  Place last_place_ = 0;
  bool full_ = false;
  bool serve_scheduled_ = false;
  EventLoop::TimerId timer_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // for what is posted
};

}  // namespace tutti
