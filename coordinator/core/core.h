// The coordinator's decisions: (state, what arrived, time) → (state, changes to store, messages to
// workers).
//
// Owned by the writer thread. No I/O, no clock, no threads. What a method appends to `changes` must
// be committed before anything that it returned is told to anyone; if the commit fails, this object
// is thrown away and made anew from the store.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "common/clock.h"
#include "common/ids.h"
#include "common/manifest.h"
#include "common/result.h"
#include "coordinator/core/changes.h"
#include "coordinator/core/moment.h"
#include "coordinator/core/records.h"
#include "coordinator/core/situation.h"
#include "coordinator/core/stored_state.h"
#include "coordinator/core/sweep_spec.h"

namespace tutti {

struct CoreOptions {
  std::chrono::milliseconds lease{30'000};
  std::size_t tracks_per_shard = 32;
  std::int32_t worker_lost_limit = 5;  // the larger of this and a sweep's max_attempts
};

struct AttemptKey {
  JobId job;
  AttemptNumber attempt = 0;

  friend auto operator<=>(const AttemptKey&, const AttemptKey&) = default;
};

// Payloads of worker events; proto/tutti/v1/worker.proto says what each means.
struct AttemptStarted {
  std::string device;  // "cpu", "cuda:0"; empty: not told
};
struct AttemptProgress {
  std::int64_t done = 0;
  std::int64_t total = 0;
  std::string unit;
};
struct AttemptEpoch {
  EpochRecord point;
};
struct TrackVerdict {
  std::int64_t track_id = 0;
  std::string content_hash;
  std::string message;
};
struct AttemptLog {
  std::int64_t first = 1;  // number of the first line
  std::vector<std::string> lines;
};
struct AttemptResume {
  std::string blob_hash;
  std::int64_t size_bytes = 0;
  std::int32_t epoch = 0;
};
struct AttemptFinished {
  std::map<std::string, double> metrics;
  std::map<std::string, double> timings_seconds;
  std::map<std::string, std::string> environment;
  std::vector<PredictionRecord> predictions;
  std::vector<ArtifactRecord> artifacts;
  std::vector<TrackVerdict> track_errors;
};
struct AttemptBroke {
  FailureClass failure = FailureClass::kCrashed;
  std::string message;
  std::int32_t exit_code = -1;
  std::int32_t signal = 0;
  std::vector<std::string> log_tail;
};
struct AttemptReturned {
  std::string reason;
  bool started = false;
};

struct AttemptEvent {
  AttemptKey attempt;
  std::int64_t sequence = 0;  // 1 for the first of an attempt
  UnixMillis at{};
  std::variant<AttemptStarted, AttemptProgress, AttemptEpoch, AttemptFinished, AttemptBroke,
               AttemptReturned, AttemptLog, AttemptResume>
      payload;
};

struct WorkerHello {
  std::string name;
  std::string host;
  std::string version;
  std::int32_t slots = 0;
  std::int32_t cores = 0;
  std::vector<JobKind> kinds;
  std::vector<std::string> devices{};       // "cuda:0", …; none: the processor
  std::vector<std::string> data_roots{};    // of in-place datasets that it can open
  std::vector<std::string> cached_blobs{};  // hashes; not all, where there are many
};

struct WorkerFrame {
  WorkerId worker;
  std::int64_t session = 0;
  std::optional<WorkerHello> hello;  // in a session's first frame
  std::vector<AttemptKey> held;
  std::int32_t free_slots = 0;
  std::vector<AttemptEvent> events;
  bool draining = false;
};

enum class DropReason { kSuperseded, kCancelled, kDrained };

struct Drop {
  WorkerId worker;
  AttemptKey attempt;
  DropReason reason = DropReason::kSuperseded;
};
struct Acknowledgement {
  AttemptKey attempt;
  std::int64_t sequence = 0;
};

// What is to be told to the frame's worker, and drops for any worker.
struct FrameOutcome {
  std::vector<Acknowledgement> acked;
  std::vector<Drop> drops;
  bool drain = false;  // of a session's first frame: the worker is to take no work
};

struct Grant {
  WorkerId worker;
  AttemptKey attempt;
  std::string device{};  // that the run is to be done on; empty: the worker chooses…
  std::vector<std::string> avoided_devices{};  // …none of these
};

// Rows of a grid that one transaction adds at most.
inline constexpr std::size_t kMaxJobsAtOnce = 10'000;

struct SubmitReport {
  SweepId sweep;
  bool created = false;
  std::int64_t runs_planned = 0;
  std::int64_t runs_added = 0;
  std::int64_t runs_already_there = 0;
  std::int64_t runs_no_longer_named = 0;
  std::int64_t runs_removed = 0;  // of these, by prune
  std::int64_t preprocess_jobs_added = 0;
  // Still to be added by ContinueSubmit; until none is, the counts above tell what will be.
  bool is_unfinished = false;
  std::vector<std::string> notes;
  std::vector<Drop> drops;  // of pruned runs
};

struct RunPlan;  // run_plan.h

enum class SubmitMode { kApply, kDryRun };  // kDryRun: the same report, no change

struct SubmitSweep {
  SweepSpec spec;
  std::string source;           // the file's text
  std::string dataset_version;  // current version of spec.dataset
  Manifest manifest;            // of that version
  SubmitMode mode = SubmitMode::kApply;
  bool prune = false;  // runs that the file no longer names are removed, with their results
  // By PlanRuns of the same spec, version and manifest; the submit takes them out. Null: planned by
  // the submit.
  std::shared_ptr<RunPlan> runs{};
  // Jobs that one call adds; what is more comes by ContinueSubmit.
  std::size_t jobs_at_once = kMaxJobsAtOnce;
};

// What a person does with a sweep that is there.
struct CancelSweep {};  // every run that has not ended
struct PauseSweep {};   // no new leases; what runs ends
struct ResumeSweep {};
struct RetrySweep {  // failed and cancelled runs start over, their limits at zero
  bool only_failed = false;
};
struct SetSweepPriority {
  std::int64_t priority = 0;
};
struct DeleteSweep {};  // with its results; features stay, they are everybody's
using SweepChange =
    std::variant<CancelSweep, PauseSweep, ResumeSweep, RetrySweep, SetSweepPriority, DeleteSweep>;

struct SweepChangeReport {
  std::int64_t runs = 0;  // that were changed
  std::vector<Drop> drops;
};

enum class WorkerChange { kDrain, kUndrain };

struct WorkerChangeReport {
  WorkerId id;
  std::string name;
  bool changed = false;   // false: it was so already
  std::int32_t live = 0;  // attempts there
};

// A worker, or one GPU of it, that gets no work for a while.
struct SetAside {
  std::string device;  // empty: the whole worker
  std::string reason;
  UnixMillis until{};      // from then on it gets one job, until one succeeds
  std::int32_t times = 0;  // in a row
};

// What a worker does now; for views.
struct WorkerStatus {
  WorkerId id;
  bool connected = false;
  bool draining = false;
  bool drained = false;          // is to take no work until somebody says otherwise
  std::vector<AttemptKey> live;  // leased or running there
  std::vector<SetAside> set_aside{};
  std::vector<JobKind> kinds{};
  std::vector<std::string> devices{};
  std::vector<std::string> data_roots{};
};

class Core {
 public:
  // Every live lease gets one full period from `now`. kDataLoss: rows that contradict each other.
  static Result<std::unique_ptr<Core>> Restore(const CoreOptions& options, const StoredState& state,
                                               Moment now);
  virtual ~Core() = default;

  // True: this version was not the current one before.
  virtual bool RegisterDataset(const DatasetRecord& dataset, Moment now, Changes& changes) = 0;
  // kNotFound: no such dataset. kFailedPrecondition, naming them: sweeps are over it.
  virtual Status DeleteDataset(const std::string& name, Moment now, Changes& changes) = 0;

  // New sweep, or more runs for one that is there. kFailedPrecondition, with one line a difference:
  // an option outside the grid changed, or the dataset has another version than at the first
  // submit. kInvalidArgument: the grid cannot be run (empty, a slice longer than the clip or under
  // 16 frames, too few songs of a class for the split). kAborted: its dataset was deleted since the
  // submit was prepared. kUnavailable: another submit of this sweep has not ended.
  //
  // A submit of more than jobs_at_once jobs is unfinished then: the sweep is kExpanding, none of
  // its runs is leased, and nobody changes it until ContinueSubmit has added the last. One that
  // breaks off (a commit that fails, a restart) is undone by UndoSubmits.
  virtual Result<SubmitReport> Submit(const SubmitSweep& submit, Moment now, Changes& changes) = 0;
  // As many jobs more; the report is that of the whole. kUnavailable: it broke off meanwhile.
  virtual Result<SubmitReport> ContinueSubmit(SweepId sweep, std::size_t jobs_at_once, Moment now,
                                              Changes& changes) = 0;
  // Takes back some of what submits that broke off have added; NextDeadline tells whether there is
  // more.
  virtual void UndoSubmits(Moment now, Changes& changes) = 0;

  // kNotFound: no such sweep. kFailedPrecondition: a sweep whose attempts run is not deleted.
  // kUnavailable: a submit of it has not ended.
  virtual Result<SweepChangeReport> ChangeSweep(const std::string& name, const SweepChange& change,
                                                Moment now, Changes& changes) = 0;
  // kNotFound: no such job. kFailedPrecondition: it has ended. kUnavailable: its submit has not.
  virtual Result<std::vector<Drop>> CancelJob(JobId id, Moment now, Changes& changes) = 0;

  // It may not come back: what it holds is done elsewhere, at once. How many attempts that were.
  virtual std::int32_t ForsakeWorker(const WorkerId& worker, Moment now, Changes& changes) = 0;
  // worker: its name, or its id. kNotFound: there is none. kFailedPrecondition, with their ids:
  // several have this name.
  virtual Result<WorkerChangeReport> ChangeWorker(const std::string& worker, WorkerChange change,
                                                  Moment now, Changes& changes) = 0;

  // kAborted: a newer session of this worker is open, or no hello came first. kInvalidArgument: a
  // gap in the sequence of an attempt's events (what stood before the gap is applied and stored).
  virtual Result<FrameOutcome> ApplyFrame(const WorkerFrame& frame, Moment now,
                                          Changes& changes) = 0;
  // The stream is gone; leases run on until they expire. An older session than the current one:
  // ignored.
  virtual void Disconnect(const WorkerId& worker, std::int64_t session, Moment now) = 0;
  // Requeues what is overdue; workers that come back with an expired attempt learn it from their
  // next frame.
  virtual void ExpireLeases(Moment now, Changes& changes) = 0;
  // Nobody could be heard for a while, and that was this side's doing (the process was frozen, its
  // machine slept, its disk hung): every live lease gets one full period from now, as after a
  // start.
  virtual void ForgiveSilence(Moment now) = 0;
  // When ExpireLeases or UndoSubmits has something to do next; nothing: no such time.
  virtual std::optional<SteadyTime> NextDeadline() const = 0;
  // Gives ready jobs to connected workers with free slots.
  virtual std::vector<Grant> Schedule(Moment now, Changes& changes) = 0;
  // A granted lease could not be made into a message (the split is impossible, a blob is missing):
  // the attempt ends so.
  virtual void FailGrant(const AttemptKey& attempt, FailureClass failure,
                         const std::string& message, Moment now, Changes& changes) = 0;

  virtual std::vector<WorkerStatus> Workers() const = 0;
  // What a job's turn depends on. kNotFound: no such job.
  virtual Result<JobSituation> SituationOf(JobId id, SteadyTime now) const = 0;
  // Empty when all holds; else one line a violation. Tests call it after each step.
  virtual std::vector<std::string> CheckInvariants() const = 0;
};

}  // namespace tutti
