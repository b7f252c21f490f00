// The core with a fold as its store and a clock that tests move; each call is stored at once and
// followed by a check of all invariants.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "coordinator/core/core.h"
#include "tests/support/fake_clock.h"
#include "tests/support/state_fold.h"

namespace tutti {

// `tracks` tracks, dealt to the classes in turn; content hashes come from `salt` and the index.
Manifest MakeManifest(std::int64_t tracks, const std::vector<std::string>& classes,
                      const std::string& salt = "");

// A grid over `models` and `seeds` with 1 s slices of a 30 s clip, over dataset "music".
SweepSpec MakeSweepSpec(const std::string& name, const std::vector<std::string>& models,
                        const std::vector<std::int64_t>& seeds);

class CoreHarness {
 public:
  explicit CoreHarness(CoreOptions options = {});

  // Registers the manifest as the spec's dataset first.
  Result<SubmitReport> Submit(const SweepSpec& spec, const Manifest& manifest,
                              SubmitMode mode = SubmitMode::kApply, bool prune = false,
                              std::size_t jobs_at_once = kMaxJobsAtOnce);
  Result<SubmitReport> ContinueSubmit(SweepId sweep, std::size_t jobs_at_once);
  void UndoSubmits();
  bool Register(const DatasetRecord& dataset);
  Status DeleteDataset(const std::string& name);
  Result<WorkerChangeReport> ChangeWorker(const std::string& worker, WorkerChange change);
  Result<SweepChangeReport> Change(const std::string& sweep, const SweepChange& change);
  Result<std::vector<Drop>> CancelJob(JobId id);
  Result<FrameOutcome> Frame(const WorkerFrame& frame);
  std::vector<Grant> Schedule();
  void Expire();
  void ForgiveSilence() { core_->ForgiveSilence(Now()); }
  void FailGrant(const AttemptKey& attempt, FailureClass failure, const std::string& message);
  void Disconnect(const WorkerId& worker, std::int64_t session);
  // As after a kill: all that is not stored is gone.
  void Restart();

  Moment Now() const { return {clock.SteadyNow(), clock.WallNow()}; }
  Core& core() { return *core_; }
  const JobRecord& Job(JobId id) const { return stored.jobs.at(id); }
  const AttemptRecord& Attempt(const AttemptKey& key) const {
    return stored.attempts.at({key.job, key.attempt});
  }
  std::vector<JobId> JobsIn(JobPhase phase) const;
  // Of the last call.
  const Changes& last_changes() const { return changes_; }

  FakeClock clock;
  StateFold stored;

 private:
  void Commit();

  CoreOptions options_;
  std::unique_ptr<Core> core_;
  Changes changes_;
};

// A worker's side of the protocol, without faults.
class ScriptedWorker {
 public:
  ScriptedWorker(CoreHarness& harness, std::string id, std::int32_t slots,
                 std::vector<JobKind> kinds = {JobKind::kPreprocess, JobKind::kTrain});

  // A frame that says what is held now.
  WorkerFrame NextFrame();
  FrameOutcome Heartbeat();
  // Opens a session (a first frame with hello).
  FrameOutcome Connect();
  // Takes the grants that are for this worker.
  void Take(const std::vector<Grant>& grants);
  FrameOutcome Start(const AttemptKey& attempt, const std::string& device = "cpu");
  FrameOutcome Finish(const AttemptKey& attempt, std::vector<TrackVerdict> track_errors = {});
  FrameOutcome Break(const AttemptKey& attempt, FailureClass failure,
                     const std::string& message = "it broke");
  FrameOutcome Return(const AttemptKey& attempt);
  FrameOutcome Send(const AttemptEvent& event);
  AttemptEvent MakeEvent(const AttemptKey& attempt, decltype(AttemptEvent::payload) payload);
  void Forget(const AttemptKey& attempt);

  const WorkerId& id() const { return id_; }
  const std::vector<AttemptKey>& held() const { return held_; }

  std::int32_t slots;
  // Told in the hello.
  std::vector<std::string> devices;
  std::vector<std::string> data_roots;
  std::vector<std::string> cached_blobs;
  std::int64_t session = 0;
  bool draining = false;

 private:
  FrameOutcome MustFrame(const WorkerFrame& frame);

  CoreHarness& harness_;
  WorkerId id_;
  std::vector<JobKind> kinds_;
  std::vector<AttemptKey> held_;
  std::map<AttemptKey, std::int64_t> sequences_;
};

AttemptFinished ShardResult(std::vector<TrackVerdict> track_errors = {});
AttemptFinished TrainResult(double f1_macro);

}  // namespace tutti
