// One batch after the other: lets the core decide, commits all of it as one transaction, and only
// then answers.
//
// When the disk fails it (full, read-only, an fsync that fails), nothing is decided any more: what
// wants to change something is refused with the reason, what only looks is answered, no lease is
// granted, and none expires. After a while, which doubles, a row is written to see whether it goes
// again; then every lease has a full period, as after a start.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "common/clock.h"
#include "common/result.h"
#include "coordinator/core/core.h"
#include "coordinator/store/store.h"
#include "coordinator/writer/telemetry.h"

namespace tutti {

inline constexpr std::chrono::milliseconds kFirstCommitRetry{100};
inline constexpr std::chrono::milliseconds kLongestCommitRetry{5'000};
// How often a disk that stays bad is logged.
inline constexpr std::chrono::milliseconds kTroubleLogInterval{60'000};

// Where decisions that nobody asked for go. Called after the commit; must not block.
class WriterListener {
 public:
  virtual ~WriterListener() = default;
  virtual void OnGrants(const std::vector<Grant>& grants) = 0;
  // The core was made anew from the store, because a commit failed: it knows no session any more.
  virtual void OnReset(const Error& why) = 0;
};

// No thread of its own: the Writer's thread runs it in the coordinator, a virtual clock's loop in
// simulations. Owned by one thread.
class GroupCommit {
 public:
  // Whatever it appends to the changes is committed together with its neighbours'.
  using Decide = std::function<void(Core&, Moment, Changes&)>;
  // Called once the changes are durable, or with the reason why they are not.
  using Done = std::function<void(const Status&)>;
  // Changes nothing: it is answered also while nothing can be committed.
  using Look = std::function<void(const Core&)>;
  // Whether new work may begin, and else why not: room on the disk is kept for results of what
  // runs. Called once a batch; must not block.
  using Gate = std::function<Status()>;
  // Called with what was committed, before anybody is answered; also with what could not be, of
  // which a part may be there all the same. Must not block.
  using Observer = std::function<void(const Changes&)>;
  struct Request {
    Decide decide;  // null: look
    Done done;
    Look look{};
  };

  // store and clock must outlive it.
  GroupCommit(Store& store, const Clock& clock, const CoreOptions& options);

  // Before Start. No lease is granted while it says no; that and its end are events in the log.
  void UseGate(Gate gate) { gate_ = std::move(gate); }
  // Before Start; must outlive this.
  void UseTelemetry(Telemetry& telemetry) { telemetry_ = &telemetry; }
  // Before Start.
  void UseObserver(Observer observer) { observer_ = std::move(observer); }
  // Loads the state. Call once, before anything else; listener must outlive this.
  Status Start(WriterListener& listener);
  // What is overdue, then the requests in their order, then grants: one transaction. A commit that
  // fails is told to all, and the core is made anew from the store.
  void Process(std::deque<Request> batch);

  // As Core::ForgiveSilence, now.
  void ForgiveSilence() { core_->ForgiveSilence(Now()); }

  // When a batch without requests has something to do; nothing: no such time.
  std::optional<SteadyTime> NextDeadline() const;
  const Core& core() const { return *core_; }
  // Nothing can be committed at the moment.
  bool in_trouble() const { return trouble_.has_value(); }

 private:
  // Since a commit failed for a reason that may pass.
  struct Trouble {
    Error why;
    SteadyTime since;
    SteadyTime next_try;
    SteadyTime next_log;
    std::chrono::milliseconds wait = kFirstCommitRetry;
    bool core_is_current = false;  // made anew from the store
  };

  void OnFailedCommit(const Error& why, Moment now);
  // Whether the core is what the store holds.
  bool MakeCoreAnew(Moment now);
  // True: commits go again.
  bool TryAgain(Moment now);
  Error Refusal() const;  // in trouble
  Status Commit(const Changes& changes);
  void Answer(const Request& look);
  void AnswerWithoutCommit(const std::deque<Request>& batch);
  // The gate's answer; an event where it is another than the last.
  bool MayGrant(Moment now, Changes& changes);
  Moment Now() const { return {clock_.SteadyNow(), clock_.WallNow()}; }

  Store& store_;
  const Clock& clock_;
  const CoreOptions options_;
  WriterListener* listener_ = nullptr;
  Gate gate_;
  Telemetry* telemetry_ = nullptr;  // null: nobody measures
  Observer observer_;
  bool gate_was_open_ = true;
  std::unique_ptr<Core> core_;
  std::optional<Trouble> trouble_;
};

}  // namespace tutti
