// The only place where a job changes state. Anything not listed is refused.
#include "coordinator/core/job_state.h"

#include <concepts>
#include <utility>

#include "common/check.h"

namespace tutti::job {
namespace {

template <class... F>
struct Match : F... {
  using F::operator()...;
};

template <class S>
concept Live = std::same_as<S, Leased> || std::same_as<S, Running>;

// What a rule may need beside its state and its event.
struct Given {
  const State& state;
  const Event& event;
  const Limits& limits;
};

Error Refused(const Given& given, std::string_view why) {
  return FailedPrecondition("a job that is " + std::string(Name(PhaseOf(given.state))) +
                            ", at attempt " + std::to_string(LastAttempt(given.state)) +
                            ", does not take '" + std::string(NameOf(given.event)) +
                            "': " + std::string(why));
}

Error Fenced(const Given& given, AttemptNumber attempt) {
  return Refused(given, "attempt " + std::to_string(attempt) + " is not the live one");
}

void Count(FailureClass failure, bool started, FailureTally& tally) {
  switch (failure) {
    case FailureClass::kOutOfMemory:
    case FailureClass::kCrashed:
    case FailureClass::kTimedOut:
      ++tally.counted;
      return;
    case FailureClass::kWorkerLost:
      if (started) ++tally.worker_lost;
      return;
    case FailureClass::kBadConfig:
    case FailureClass::kBadData:
    case FailureClass::kDependencyFailed:
    case FailureClass::kPreempted:
      return;
  }
}

bool IsFinal(FailureClass failure, const FailureTally& tally, const Limits& limits) {
  switch (failure) {
    case FailureClass::kBadConfig:
    case FailureClass::kBadData:
    case FailureClass::kDependencyFailed:
      return true;
    case FailureClass::kOutOfMemory:
    case FailureClass::kCrashed:
    case FailureClass::kTimedOut:
      return tally.counted >= limits.max_attempts;
    case FailureClass::kWorkerLost:
      return tally.worker_lost >= limits.worker_lost;
    case FailureClass::kPreempted:
      return false;
  }
  return true;
}

// The live attempt ended without a result: back to ready, or failed where a limit is reached.
template <Live S>
Step End(const S& state, AttemptOutcome outcome, FailureClass failure, const Limits& limits) {
  FailureTally tally = state.tally;
  Count(failure, std::same_as<S, Running>, tally);
  std::vector<Effect> effects{CloseAttempt{state.attempt, outcome, failure}};
  if (IsFinal(failure, tally, limits)) {
    return {Failed{state.attempt, failure, tally}, std::move(effects)};
  }
  return {Ready{state.attempt, tally}, std::move(effects)};
}

State BackTo(Dependencies dependencies, AttemptNumber last_attempt) {
  if (dependencies == Dependencies::kMissing) return Blocked{last_attempt};
  return Ready{last_attempt, {}};
}

// ---- The rules: one function each. What has none falls to the last.

Result<Step> On(const Blocked& s, const Unblocked&, const Given&) {
  return Step{Ready{s.last_attempt, {}}, {}};
}

Result<Step> On(const Blocked& s, const DependencyFailed&, const Given&) {
  return Step{Failed{s.last_attempt, FailureClass::kDependencyFailed, {}}, {}};
}

Result<Step> On(const Failed& s, const DependencyRestored&, const Given& given) {
  if (s.failure != FailureClass::kDependencyFailed) return Refused(given, "it failed by itself");
  return Step{Blocked{s.last_attempt}, {}};
}

Result<Step> On(const Ready& s, const Granted& e, const Given&) {
  const AttemptNumber next = s.last_attempt + 1;
  return Step{Leased{next, e.worker, e.deadline, s.tally}, {BeginAttempt{next}}};
}

Result<Step> On(const Ready& s, const Reclaimed& e, const Given& given) {
  if (e.attempt < 1 || e.attempt != s.last_attempt) {
    return Refused(given, "attempt " + std::to_string(e.attempt) + " is not the newest");
  }
  if (e.started) {
    return Step{Running{e.attempt, e.worker, e.deadline, s.tally}, {ReopenAttempt{e.attempt}}};
  }
  return Step{Leased{e.attempt, e.worker, e.deadline, s.tally}, {ReopenAttempt{e.attempt}}};
}

Result<Step> On(const Leased& s, const Started& e, const Given& given) {
  if (e.attempt != s.attempt) return Fenced(given, e.attempt);
  return Step{Running{s.attempt, s.worker, s.deadline, s.tally}, {MarkStarted{s.attempt}}};
}

template <Live S>
Result<Step> On(const S& s, const Renewed& e, const Given& given) {
  if (e.attempt != s.attempt) return Fenced(given, e.attempt);
  S renewed = s;
  renewed.deadline = e.deadline;
  return Step{std::move(renewed), {}};
}

template <Live S>
Result<Step> On(const S& s, const LeaseExpired& e, const Given& given) {
  if (e.now < s.deadline) return Step{s, {}};  // a heartbeat won the race
  return End(s, AttemptOutcome::kLost, FailureClass::kWorkerLost, given.limits);
}

template <Live S>
Result<Step> On(const S& s, const NotHeld& e, const Given& given) {
  if (e.attempt != s.attempt) return Fenced(given, e.attempt);
  return End(s, AttemptOutcome::kLost, FailureClass::kWorkerLost, given.limits);
}

template <Live S>
Result<Step> On(const S& s, const Broke& e, const Given& given) {
  if (e.attempt != s.attempt) return Fenced(given, e.attempt);
  return End(s, AttemptOutcome::kFailed, e.failure, given.limits);
}

template <Live S>
Result<Step> On(const S& s, const Returned& e, const Given& given) {
  if (e.attempt != s.attempt) return Fenced(given, e.attempt);
  return End(s, AttemptOutcome::kReturned, FailureClass::kPreempted, given.limits);
}

// The first complete result wins, an older attempt's too: what it would be does not depend on who
// made it.
template <class S>
Result<Step> On(const S& s, const Finished& e, const Given& given) {
  const AttemptNumber last = LastAttempt(given.state);
  if (e.attempt < 1 || e.attempt > last) return Refused(given, "it was never granted");
  if constexpr (std::same_as<S, Cancelled>) return Refused(given, "nobody wants it any more");
  if constexpr (std::same_as<S, Succeeded>) return Step{s, {}};  // the first result stands
  std::vector<Effect> effects;
  if constexpr (Live<S>) {
    if (s.attempt != e.attempt) {
      effects.push_back(CloseAttempt{s.attempt, AttemptOutcome::kSuperseded, std::nullopt});
    }
  }
  effects.push_back(AcceptResult{e.attempt});
  effects.push_back(CloseAttempt{e.attempt, AttemptOutcome::kSucceeded, std::nullopt});
  return Step{Succeeded{last}, std::move(effects)};
}

Result<Step> On(const Blocked& s, const Cancel&, const Given&) {
  return Step{Cancelled{s.last_attempt}, {}};
}
Result<Step> On(const Ready& s, const Cancel&, const Given&) {
  return Step{Cancelled{s.last_attempt}, {}};
}
template <Live S>
Result<Step> On(const S& s, const Cancel&, const Given&) {
  return Step{Cancelled{s.attempt},
              {CloseAttempt{s.attempt, AttemptOutcome::kCancelled, std::nullopt}}};
}

Result<Step> On(const Failed& s, const Retry& e, const Given&) {
  return Step{BackTo(e.dependencies, s.last_attempt), {}};
}
Result<Step> On(const Cancelled& s, const Retry& e, const Given&) {
  return Step{BackTo(e.dependencies, s.last_attempt), {}};
}

template <class S, class E>
Result<Step> On(const S&, const E&, const Given& given) {
  return Refused(given, "not allowed here");
}

}  // namespace

Result<Step> Apply(const State& state, const Event& event, const Limits& limits) {
  const Given given{state, event, limits};
  return std::visit([&](const auto& s, const auto& e) { return On(s, e, given); }, state, event);
}

JobPhase PhaseOf(const State& state) {
  return std::visit(Match{[](const Blocked&) { return JobPhase::kBlocked; },
                          [](const Ready&) { return JobPhase::kReady; },
                          [](const Leased&) { return JobPhase::kLeased; },
                          [](const Running&) { return JobPhase::kRunning; },
                          [](const Succeeded&) { return JobPhase::kSucceeded; },
                          [](const Failed&) { return JobPhase::kFailed; },
                          [](const Cancelled&) { return JobPhase::kCancelled; }},
                    state);
}

AttemptNumber LastAttempt(const State& state) {
  return std::visit(Match{[]<Live S>(const S& s) { return s.attempt; },
                          [](const auto& s) { return s.last_attempt; }},
                    state);
}

FailureTally TallyOf(const State& state) {
  return std::visit(
      Match{[](const Ready& s) { return s.tally; }, []<Live S>(const S& s) { return s.tally; },
            [](const Failed& s) { return s.tally; }, [](const auto&) { return FailureTally{}; }},
      state);
}

std::optional<WorkerId> WorkerOf(const State& state) {
  return std::visit(Match{[]<Live S>(const S& s) { return std::optional<WorkerId>(s.worker); },
                          [](const auto&) { return std::optional<WorkerId>(); }},
                    state);
}

std::optional<SteadyTime> DeadlineOf(const State& state) {
  return std::visit(Match{[]<Live S>(const S& s) { return std::optional<SteadyTime>(s.deadline); },
                          [](const auto&) { return std::optional<SteadyTime>(); }},
                    state);
}

std::optional<FailureClass> FailureOf(const State& state) {
  const auto* failed = std::get_if<Failed>(&state);
  return failed ? std::optional(failed->failure) : std::nullopt;
}

std::optional<AttemptNumber> LiveAttempt(const State& state) {
  return std::visit(
      Match{[]<Live S>(const S& s) { return std::optional<AttemptNumber>(s.attempt); },
            [](const auto&) { return std::optional<AttemptNumber>(); }},
      state);
}

std::string_view NameOf(const Event& event) {
  return std::visit(
      Match{[](const Unblocked&) { return "unblocked"; },
            [](const DependencyFailed&) { return "dependency_failed"; },
            [](const DependencyRestored&) { return "dependency_restored"; },
            [](const Granted&) { return "granted"; }, [](const Started&) { return "started"; },
            [](const Renewed&) { return "renewed"; }, [](const Reclaimed&) { return "reclaimed"; },
            [](const LeaseExpired&) { return "lease_expired"; },
            [](const NotHeld&) { return "not_held"; }, [](const Finished&) { return "finished"; },
            [](const Broke&) { return "broke"; }, [](const Returned&) { return "returned"; },
            [](const Cancel&) { return "cancel"; }, [](const Retry&) { return "retry"; }},
      event);
}

}  // namespace tutti::job
