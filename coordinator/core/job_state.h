// Where a job stands, what may happen to it, and the one function that decides what comes of it.
//
// blocked → ready → leased → running → succeeded | failed | cancelled; failed | cancelled → ready
// by retry; failed → succeeded by a late result. coordinator/README.md has the diagram.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/clock.h"
#include "common/ids.h"
#include "common/result.h"
#include "coordinator/core/job_kinds.h"
#include "coordinator/core/records.h"

namespace tutti::job {

// ---- States. Attempt numbers never fall: a grant makes last_attempt +1.

struct Blocked {
  AttemptNumber last_attempt = 0;
  friend bool operator==(const Blocked&, const Blocked&) = default;
};
struct Ready {
  AttemptNumber last_attempt = 0;
  FailureTally tally;
  friend bool operator==(const Ready&, const Ready&) = default;
};
struct Leased {
  AttemptNumber attempt = 0;
  WorkerId worker;
  SteadyTime deadline;
  FailureTally tally;
  friend bool operator==(const Leased&, const Leased&) = default;
};
struct Running {
  AttemptNumber attempt = 0;
  WorkerId worker;
  SteadyTime deadline;
  FailureTally tally;
  friend bool operator==(const Running&, const Running&) = default;
};
struct Succeeded {
  AttemptNumber last_attempt = 0;  // not always the one whose result was accepted
  friend bool operator==(const Succeeded&, const Succeeded&) = default;
};
struct Failed {
  AttemptNumber last_attempt = 0;
  FailureClass failure = FailureClass::kCrashed;
  FailureTally tally;
  friend bool operator==(const Failed&, const Failed&) = default;
};
struct Cancelled {
  AttemptNumber last_attempt = 0;
  friend bool operator==(const Cancelled&, const Cancelled&) = default;
};

using State = std::variant<Blocked, Ready, Leased, Running, Succeeded, Failed, Cancelled>;

// ---- Events.

enum class Dependencies { kMet, kMissing };

struct Unblocked {};           // all that it waits for is there
struct DependencyFailed {};    // something that it waits for will never come
struct DependencyRestored {};  // …or will come after all
struct Granted {
  WorkerId worker;
  SteadyTime deadline;
};
struct Started {
  AttemptNumber attempt = 0;
};
struct Renewed {
  AttemptNumber attempt = 0;
  SteadyTime deadline;
};
// A worker comes back with an attempt whose lease was lost, and nobody else was granted the job
// since: the newest attempt is still the newest, so it goes on.
struct Reclaimed {
  AttemptNumber attempt = 0;
  WorkerId worker;
  SteadyTime deadline;
  bool started = false;
};
struct LeaseExpired {
  SteadyTime now;
};
struct NotHeld {  // its worker says that it does not have it
  AttemptNumber attempt = 0;
};
struct Finished {  // a complete result
  AttemptNumber attempt = 0;
};
struct Broke {
  AttemptNumber attempt = 0;
  FailureClass failure = FailureClass::kCrashed;
};
struct Returned {  // given back without a verdict
  AttemptNumber attempt = 0;
};
struct Cancel {};
struct Retry {
  Dependencies dependencies = Dependencies::kMet;
};

using Event =
    std::variant<Unblocked, DependencyFailed, DependencyRestored, Granted, Started, Renewed,
                 Reclaimed, LeaseExpired, NotHeld, Finished, Broke, Returned, Cancel, Retry>;

// ---- Effects: what the caller does beside taking the new state.

struct BeginAttempt {
  AttemptNumber attempt = 0;
  friend bool operator==(const BeginAttempt&, const BeginAttempt&) = default;
};
struct MarkStarted {
  AttemptNumber attempt = 0;
  friend bool operator==(const MarkStarted&, const MarkStarted&) = default;
};
struct ReopenAttempt {
  AttemptNumber attempt = 0;
  friend bool operator==(const ReopenAttempt&, const ReopenAttempt&) = default;
};
// kSuperseded and kCancelled: its worker is to be told to drop it.
struct CloseAttempt {
  AttemptNumber attempt = 0;
  AttemptOutcome outcome = AttemptOutcome::kFailed;
  std::optional<FailureClass> failure;
  friend bool operator==(const CloseAttempt&, const CloseAttempt&) = default;
};
struct AcceptResult {
  AttemptNumber attempt = 0;
  friend bool operator==(const AcceptResult&, const AcceptResult&) = default;
};

using Effect = std::variant<BeginAttempt, MarkStarted, ReopenAttempt, CloseAttempt, AcceptResult>;

struct Step {
  State state;
  std::vector<Effect> effects;  // in the order in which they are to be done
};

struct Limits {
  std::int32_t max_attempts = 3;  // of attempts that ended out_of_memory, crashed, timed_out
  std::int32_t worker_lost = 5;   // of attempts that had started when their worker was lost
};

// Pure and total: what is not allowed is refused with kFailedPrecondition and changes nothing.
Result<Step> Apply(const State& state, const Event& event, const Limits& limits);

JobPhase PhaseOf(const State& state);
AttemptNumber LastAttempt(const State& state);
// Zero where a state has none.
FailureTally TallyOf(const State& state);
// Of a leased or running job.
std::optional<WorkerId> WorkerOf(const State& state);
std::optional<SteadyTime> DeadlineOf(const State& state);
// Of a failed job.
std::optional<FailureClass> FailureOf(const State& state);
// The attempt that is leased or running.
std::optional<AttemptNumber> LiveAttempt(const State& state);

// "leased", "lease_expired", …; for messages.
std::string_view NameOf(const Event& event);

}  // namespace tutti::job
