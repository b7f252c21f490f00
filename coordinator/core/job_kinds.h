// The words for what a job is and where it stands; stored and shown by these names.
#pragma once

#include <optional>
#include <string_view>

namespace tutti {

enum class JobKind { kPreprocess, kTrain, kCommand };
// A paused one gets no new leases, nor does one whose runs are still being added; a deleted one
// keeps its row, since shards and events name it.
enum class SweepState { kActive, kPaused, kDeleted, kExpanding };
enum class JobPhase { kBlocked, kReady, kLeased, kRunning, kSucceeded, kFailed, kCancelled };
enum class FailureClass {
  kBadConfig,
  kBadData,
  kDependencyFailed,
  kOutOfMemory,
  kCrashed,
  kTimedOut,
  kWorkerLost,
  kPreempted,
};
// How an attempt stands or ended.
enum class AttemptOutcome {
  kLeased,
  kRunning,
  kSucceeded,  // its result is the accepted one
  kFailed,
  kLost,        // its lease expired, or its worker no longer held it
  kReturned,    // the worker gave it back
  kSuperseded,  // another attempt's result was accepted
  kCancelled,
};

// "preprocess", "blocked", "out_of_memory", "superseded", …
std::string_view Name(SweepState state);
std::string_view Name(JobKind kind);
std::string_view Name(JobPhase phase);
std::string_view Name(FailureClass failure);
std::string_view Name(AttemptOutcome outcome);

// Nothing for a word that is none of them.
std::optional<SweepState> ParseSweepState(std::string_view name);
std::optional<JobKind> ParseJobKind(std::string_view name);
std::optional<JobPhase> ParseJobPhase(std::string_view name);
std::optional<FailureClass> ParseFailureClass(std::string_view name);
std::optional<AttemptOutcome> ParseAttemptOutcome(std::string_view name);

}  // namespace tutti
