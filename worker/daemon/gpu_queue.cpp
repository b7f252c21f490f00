#include "worker/daemon/gpu_queue.h"

#include <utility>

namespace tutti {

GpuQueue::~GpuQueue() {
  loop_.Cancel(timer_);
}

GpuQueue::Place GpuQueue::Ask(GpuWish wish, std::string key, OnDevice on_device, OnLate on_late) {
  const Place place = ++last_place_;
  waiting_.push_back({place, std::move(wish), std::move(key), std::move(on_device),
                      std::move(on_late), clock_.SteadyNow() + limit_});
  ServeSoon();
  return place;
}

void GpuQueue::Leave(Place place) {
  std::erase_if(waiting_, [&](const Waiting& waiting) { return waiting.place == place; });
  const auto given = shares_given_.extract(place);
  if (given.empty()) return;
  shares_.GiveBack(given.mapped());
  ServeSoon();
}

void GpuQueue::Learn(const std::string& key, std::int64_t peak_bytes) {
  if (const auto known = shares_.NeedOf(key); known && *known >= peak_bytes) return;
  shares_.Learn(key, peak_bytes);
  ServeSoon();
}

void GpuQueue::ObserveMemory(const std::string& device, std::int64_t total_bytes) {
  if (shares_.ObserveMemory(device, total_bytes)) ServeSoon();
}

void GpuQueue::ObserveStrangers(const std::string& device, bool there_are) {
  if (shares_.ObserveStrangers(device, there_are)) ServeSoon();
}

void GpuQueue::ServeSoon() {
  full_ = false;
  if (std::exchange(serve_scheduled_, true)) return;
  loop_.Post([this, alive = std::weak_ptr(alive_)] {
    if (alive.expired()) return;
    serve_scheduled_ = false;
    Serve();
  });
}

// Whoever came first is served first, also where a later one would fit: else one with a large or an
// unknown need might never be.
void GpuQueue::Serve() {
  while (!waiting_.empty()) {
    const auto share = shares_.Take(waiting_.front().wish, waiting_.front().key);
    full_ = !share;
    if (full_) break;
    const Waiting served = std::move(waiting_.front());
    waiting_.pop_front();
    shares_given_[served.place] = *share;
    served.on_device(share->device);
  }
  loop_.Cancel(timer_);
  timer_ = waiting_.empty() ? 0 : loop_.RunAt(waiting_.front().until, [this] { EndLate(); });
}

void GpuQueue::EndLate() {
  timer_ = 0;
  const SteadyTime now = clock_.SteadyNow();
  while (!waiting_.empty() && waiting_.front().until <= now) {
    const Waiting late = std::move(waiting_.front());
    waiting_.pop_front();
    late.on_late("no GPU of this worker had room for " + std::to_string(limit_.count()) +
                 " ms: other runs need its memory, or others compute on it");
  }
  if (waiting_.empty()) return;
  timer_ = loop_.RunAt(waiting_.front().until, [this] { EndLate(); });
}

}  // namespace tutti
