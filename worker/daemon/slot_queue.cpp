#include "worker/daemon/slot_queue.h"

#include <algorithm>
#include <optional>

namespace tutti {

SlotQueue::~SlotQueue() {
  loop_.Cancel(timer_);
}

SlotQueue::Place SlotQueue::Ask(OnTurn on_turn, OnLate on_late) {
  const Place place = ++last_place_;
  waiting_.push_back({place, std::move(on_turn), std::move(on_late), clock_.SteadyNow() + limit_});
  ServeSoon();
  return place;
}

void SlotQueue::Leave(Place place) {
  std::erase_if(waiting_, [&](const Waiting& waiting) { return waiting.place == place; });
  if (taken_.erase(place) > 0) ServeSoon();
}

void SlotQueue::LeaveAtEnd(Place place) {
  if (taken_.contains(place)) ends_.push_back(clock_.SteadyNow());
  ForgetOldEnds();
  Leave(place);
}

void SlotQueue::ServeSoon() {
  if (std::exchange(serve_scheduled_, true)) return;
  loop_.Post([this, alive = std::weak_ptr(alive_)] {
    if (alive.expired()) return;
    serve_scheduled_ = false;
    Serve();
  });
}

void SlotQueue::Serve() {
  while (!waiting_.empty() && taken_.size() < slots_) {
    const Waiting served = std::move(waiting_.front());
    waiting_.pop_front();
    taken_.insert(served.place);
    served.on_turn();
  }
  ArmTimer();
}

bool SlotQueue::is_quick() const {
  return !ends_.empty() && clock_.SteadyNow() < ends_.back() + kAheadTime;
}

std::size_t SlotQueue::ahead() const {
  const auto quick = std::ranges::upper_bound(ends_, clock_.SteadyNow() - kAheadTime);
  return std::max(BeyondSlots(static_cast<std::size_t>(ends_.end() - quick)),
                  std::min(BeyondSlots(ends_.size()), slots_));
}

void SlotQueue::ForgetOldEnds() {
  while (!ends_.empty() && (BeyondSlots(ends_.size()) > kMostAhead ||
                            ends_.front() + kShortTime <= clock_.SteadyNow())) {
    ends_.pop_front();
  }
}

void SlotQueue::OnTime() {
  const SteadyTime now = clock_.SteadyNow();
  const std::size_t ends = ends_.size();
  ForgetOldEnds();
  if (BeyondSlots(ends) > 0 && (!is_quick() || ends_.size() < ends)) on_slow_();
  while (!waiting_.empty() && waiting_.front().until <= now) {
    const Waiting late = std::move(waiting_.front());
    waiting_.pop_front();
    late.on_late("no slot was free for " + std::to_string(limit_.count()) +
                 " ms: the runs before it take longer than those that went before");
  }
  ArmTimer();
}

void SlotQueue::ArmTimer() {
  std::optional<SteadyTime> when;
  const auto sooner = [&](SteadyTime other) { when = std::min(when.value_or(other), other); };
  if (BeyondSlots(ends_.size()) > 0) {
    sooner(is_quick() ? ends_.back() + kAheadTime : ends_.front() + kShortTime);
  }
  if (!waiting_.empty()) sooner(waiting_.front().until);
  loop_.Cancel(std::exchange(timer_, 0));
  if (!when) return;
  timer_ = loop_.RunAt(*when, [this] {
    timer_ = 0;
    OnTime();
  });
}

}  // namespace tutti
