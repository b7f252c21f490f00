// Whose turn it is on a worker's slots, and how many runs it is worth holding beyond them.
//
// A slot whose next run has yet to come stands still for a round trip to the coordinator and a
// commit there: for runs of milliseconds that is most of the time. A worker whose runs end quickly
// holds the next ones already; they wait here.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "common/clock.h"
#include "worker/daemon/event_loop.h"

namespace tutti {

// As many runs are held ahead as have ended within kAheadTime, less one for each slot (which any
// run has at its end, however long it was), at most kMostAhead. Where runs take longer, yet less
// than kShortTime, one a slot: as many as have ended within that time, less one a slot again.
inline constexpr std::chrono::milliseconds kAheadTime{250};
inline constexpr std::size_t kMostAhead = 64;
inline constexpr std::chrono::milliseconds kShortTime{2'000};
// Runs take longer than the last ones did: another worker may have a slot, longer none waits here.
inline constexpr std::chrono::milliseconds kTurnWaitLimit{4'000};

// Owned by the loop's thread.
class SlotQueue {
 public:
  using Place = std::uint64_t;  // 0: none
  using OnTurn = std::function<void()>;
  // It has waited too long, and has no place any more.
  using OnLate = std::function<void(const std::string& why)>;

  // on_slow: fewer are worth holding ahead than before.
  SlotQueue(EventLoop& loop, const Clock& clock, std::size_t slots, std::function<void()> on_slow,
            std::chrono::milliseconds limit = kTurnWaitLimit)
      : loop_(loop), clock_(clock), slots_(slots), on_slow_(std::move(on_slow)), limit_(limit) {}
  ~SlotQueue();
  SlotQueue(const SlotQueue&) = delete;
  SlotQueue& operator=(const SlotQueue&) = delete;

  // One of the two is called later on the loop, once, unless it leaves before.
  Place Ask(OnTurn on_turn, OnLate on_late);
  // The slot is free again, or it waits no more. OK for one that has left.
  void Leave(Place place);
  // The same where its run has ended well, which tells how quickly runs end.
  void LeaveAtEnd(Place place);

  // Runs beyond the slots that it is worth holding now.
  std::size_t ahead() const;

 private:
  struct Waiting {
    Place place = 0;
    OnTurn on_turn;
    OnLate on_late;
    SteadyTime until;
  };

  void ServeSoon();
  void Serve();
  std::size_t BeyondSlots(std::size_t ends) const { return ends > slots_ ? ends - slots_ : 0; }
  bool is_quick() const;  // a run has ended within kAheadTime
  void ForgetOldEnds();
  void OnTime();
  void ArmTimer();

  EventLoop& loop_;
  const Clock& clock_;
  const std::size_t slots_;
  const std::function<void()> on_slow_;
  const std::chrono::milliseconds limit_;
  std::list<Waiting> waiting_;
  std::set<Place> taken_;
  std::deque<SteadyTime> ends_;  // of runs, within kShortTime, the latest ones
  Place last_place_ = 0;
  bool serve_scheduled_ = false;
  EventLoop::TimerId timer_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // for what is posted
};

}  // namespace tutti
