#include "coordinator/core/job_kinds.h"

#include "coordinator/core/name_table.h"

namespace tutti {
namespace {

using enum JobPhase;

constexpr NameTable<SweepState, 4> kStates{{{
    {SweepState::kActive, "active"},
    {SweepState::kPaused, "paused"},
    {SweepState::kDeleted, "deleted"},
    {SweepState::kExpanding, "expanding"},
}}};

constexpr NameTable<JobKind, 3> kKinds{{{
    {JobKind::kPreprocess, "preprocess"},
    {JobKind::kTrain, "train"},
    {JobKind::kCommand, "command"},
}}};

constexpr NameTable<JobPhase, 7> kPhases{{{
    {kBlocked, "blocked"},
    {kReady, "ready"},
    {kLeased, "leased"},
    {kRunning, "running"},
    {kSucceeded, "succeeded"},
    {kFailed, "failed"},
    {kCancelled, "cancelled"},
}}};

constexpr NameTable<FailureClass, 8> kFailures{{{
    {FailureClass::kBadConfig, "bad_config"},
    {FailureClass::kBadData, "bad_data"},
    {FailureClass::kDependencyFailed, "dependency_failed"},
    {FailureClass::kOutOfMemory, "out_of_memory"},
    {FailureClass::kCrashed, "crashed"},
    {FailureClass::kTimedOut, "timed_out"},
    {FailureClass::kWorkerLost, "worker_lost"},
    {FailureClass::kPreempted, "preempted"},
}}};

constexpr NameTable<AttemptOutcome, 8> kOutcomes{{{
    {AttemptOutcome::kLeased, "leased"},
    {AttemptOutcome::kRunning, "running"},
    {AttemptOutcome::kSucceeded, "succeeded"},
    {AttemptOutcome::kFailed, "failed"},
    {AttemptOutcome::kLost, "lost"},
    {AttemptOutcome::kReturned, "returned"},
    {AttemptOutcome::kSuperseded, "superseded"},
    {AttemptOutcome::kCancelled, "cancelled"},
}}};

}  // namespace

std::string_view Name(SweepState state) {
  return kStates.NameOf(state);
}
std::string_view Name(JobKind kind) {
  return kKinds.NameOf(kind);
}
std::string_view Name(JobPhase phase) {
  return kPhases.NameOf(phase);
}
std::string_view Name(FailureClass failure) {
  return kFailures.NameOf(failure);
}
std::string_view Name(AttemptOutcome outcome) {
  return kOutcomes.NameOf(outcome);
}

std::optional<SweepState> ParseSweepState(std::string_view name) {
  return kStates.Parse(name);
}
std::optional<JobKind> ParseJobKind(std::string_view name) {
  return kKinds.Parse(name);
}
std::optional<JobPhase> ParseJobPhase(std::string_view name) {
  return kPhases.Parse(name);
}
std::optional<FailureClass> ParseFailureClass(std::string_view name) {
  return kFailures.Parse(name);
}
std::optional<AttemptOutcome> ParseAttemptOutcome(std::string_view name) {
  return kOutcomes.Parse(name);
}

}  // namespace tutti
