#include "tests/support/core_harness.h"

#include <algorithm>
#include <utility>

#include <gtest/gtest.h>

#include "common/hash.h"
#include "tests/support/result_matchers.h"

namespace tutti {

Manifest MakeManifest(std::int64_t tracks, const std::vector<std::string>& classes,
                      const std::string& salt) {
  Manifest manifest;
  manifest.classes = classes;
  for (std::int64_t i = 0; i < tracks; ++i) {
    ManifestTrack track;
    track.label = static_cast<std::int32_t>(i % static_cast<std::int64_t>(classes.size()));
    std::string number = std::to_string(i);
    number.insert(0, 6 - number.size(), '0');
    track.path = number + ".wav";
    track.size_bytes = 1000;
    track.content_hash = Sha256Hex("content " + salt + number);
    manifest.tracks.push_back(std::move(track));
  }
  return manifest;
}

SweepSpec MakeSweepSpec(const std::string& name, const std::vector<std::string>& models,
                        const std::vector<std::int64_t>& seeds) {
  SweepSpec spec;
  spec.name = name;
  spec.dataset = "music";
  spec.axes = {{"model", {models.begin(), models.end()}}, {"seed", {seeds.begin(), seeds.end()}}};
  spec.options = Json::parse(R"({"model": null, "slice_seconds": 1, "seed": null,
    "training": {"epochs": 300, "patience": 10, "batch_size": 16, "overlap": 0.5,
                 "learning_rate": 0.001},
    "features": {"clip_seconds": 30, "sample_rate_hz": 22050, "n_fft": 2048, "hop": 512,
                 "n_mels": 128},
    "split": {"kind": "stratified", "test": 0.1, "validation": 0.1, "duplicates": "keep"},
    "classes": "all", "protocol": "correct", "precision": "float32", "threads": 1,
    "deterministic": false})");
  return spec;
}

CoreHarness::CoreHarness(CoreOptions options) : options_(options) {
  Restart();
}

void CoreHarness::Restart() {
  Result<std::unique_ptr<Core>> core = Core::Restore(options_, stored.Load(), Now());
  ASSERT_TRUE(IsOk(core));
  core_ = *std::move(core);
}

void CoreHarness::Commit() {
  stored.Apply(changes_);
  for (const std::string& violation : core_->CheckInvariants()) ADD_FAILURE() << violation;
}

Result<SubmitReport> CoreHarness::Submit(const SweepSpec& spec, const Manifest& manifest,
                                         SubmitMode mode, bool prune, std::size_t jobs_at_once) {
  const std::string version =
      Sha256Hex(std::to_string(manifest.tracks.size()) + manifest.tracks.back().content_hash);
  if (!spec.dataset.empty()) {
    DatasetRecord dataset;
    dataset.name = spec.dataset;
    dataset.version = version;
    Register(dataset);
  }
  changes_.clear();
  SubmitSweep submit{spec, "name: " + spec.name + "\n", version, manifest, mode, prune};
  submit.jobs_at_once = jobs_at_once;
  Result<SubmitReport> report = core_->Submit(submit, Now(), changes_);
  if (!report.ok()) {
    EXPECT_TRUE(changes_.empty()) << "a refused submit left changes";
  }
  Commit();
  return report;
}

Result<SubmitReport> CoreHarness::ContinueSubmit(SweepId sweep, std::size_t jobs_at_once) {
  changes_.clear();
  Result<SubmitReport> report = core_->ContinueSubmit(sweep, jobs_at_once, Now(), changes_);
  Commit();
  return report;
}

void CoreHarness::UndoSubmits() {
  changes_.clear();
  core_->UndoSubmits(Now(), changes_);
  Commit();
}

bool CoreHarness::Register(const DatasetRecord& dataset) {
  changes_.clear();
  const bool changed = core_->RegisterDataset(dataset, Now(), changes_);
  Commit();
  return changed;
}

Status CoreHarness::DeleteDataset(const std::string& name) {
  changes_.clear();
  Status deleted = core_->DeleteDataset(name, Now(), changes_);
  Commit();
  return deleted;
}

Result<WorkerChangeReport> CoreHarness::ChangeWorker(const std::string& worker,
                                                     WorkerChange change) {
  changes_.clear();
  Result<WorkerChangeReport> report = core_->ChangeWorker(worker, change, Now(), changes_);
  Commit();
  return report;
}

Result<SweepChangeReport> CoreHarness::Change(const std::string& sweep, const SweepChange& change) {
  changes_.clear();
  Result<SweepChangeReport> report = core_->ChangeSweep(sweep, change, Now(), changes_);
  if (!report.ok()) {
    EXPECT_TRUE(changes_.empty()) << "a refused change left changes";
  }
  Commit();
  return report;
}

Result<std::vector<Drop>> CoreHarness::CancelJob(JobId id) {
  changes_.clear();
  Result<std::vector<Drop>> drops = core_->CancelJob(id, Now(), changes_);
  Commit();
  return drops;
}

Result<FrameOutcome> CoreHarness::Frame(const WorkerFrame& frame) {
  changes_.clear();
  Result<FrameOutcome> outcome = core_->ApplyFrame(frame, Now(), changes_);
  Commit();
  return outcome;
}

std::vector<Grant> CoreHarness::Schedule() {
  changes_.clear();
  std::vector<Grant> grants = core_->Schedule(Now(), changes_);
  Commit();
  return grants;
}

void CoreHarness::Expire() {
  changes_.clear();
  core_->ExpireLeases(Now(), changes_);
  Commit();
}

void CoreHarness::FailGrant(const AttemptKey& attempt, FailureClass failure,
                            const std::string& message) {
  changes_.clear();
  core_->FailGrant(attempt, failure, message, Now(), changes_);
  Commit();
}

void CoreHarness::Disconnect(const WorkerId& worker, std::int64_t session) {
  core_->Disconnect(worker, session, Now());
}

std::vector<JobId> CoreHarness::JobsIn(JobPhase phase) const {
  std::vector<JobId> ids;
  for (const auto& [id, row] : stored.jobs) {
    if (row.phase == phase) ids.push_back(id);
  }
  return ids;
}

ScriptedWorker::ScriptedWorker(CoreHarness& harness, std::string id, std::int32_t slot_count,
                               std::vector<JobKind> kinds)
    : slots(slot_count), harness_(harness), id_{std::move(id)}, kinds_(std::move(kinds)) {}

WorkerFrame ScriptedWorker::NextFrame() {
  WorkerFrame frame;
  frame.worker = id_;
  frame.session = session;
  frame.held = held_;
  frame.free_slots = slots - static_cast<std::int32_t>(held_.size());
  frame.draining = draining;
  return frame;
}

FrameOutcome ScriptedWorker::MustFrame(const WorkerFrame& frame) {
  Result<FrameOutcome> outcome = harness_.Frame(frame);
  EXPECT_TRUE(IsOk(outcome));
  return outcome.ok() ? *outcome : FrameOutcome{};
}

FrameOutcome ScriptedWorker::Heartbeat() {
  return MustFrame(NextFrame());
}

FrameOutcome ScriptedWorker::Connect() {
  ++session;
  WorkerFrame frame = NextFrame();
  frame.hello = WorkerHello{
      "name of " + id_.value, "host", "1", slots, slots, kinds_, devices, data_roots, cached_blobs};
  return MustFrame(frame);
}

void ScriptedWorker::Take(const std::vector<Grant>& grants) {
  for (const Grant& grant : grants) {
    if (grant.worker == id_) held_.push_back(grant.attempt);
  }
}

void ScriptedWorker::Forget(const AttemptKey& attempt) {
  std::erase(held_, attempt);
}

AttemptEvent ScriptedWorker::MakeEvent(const AttemptKey& attempt,
                                       decltype(AttemptEvent::payload) payload) {
  return {attempt, ++sequences_[attempt], harness_.clock.WallNow(), std::move(payload)};
}

FrameOutcome ScriptedWorker::Send(const AttemptEvent& event) {
  WorkerFrame frame = NextFrame();
  frame.events.push_back(event);
  return MustFrame(frame);
}

FrameOutcome ScriptedWorker::Start(const AttemptKey& attempt, const std::string& device) {
  return Send(MakeEvent(attempt, AttemptStarted{device}));
}

FrameOutcome ScriptedWorker::Finish(const AttemptKey& attempt,
                                    std::vector<TrackVerdict> track_errors) {
  const bool preprocess = harness_.Job(attempt.job).kind == JobKind::kPreprocess;
  FrameOutcome outcome = Send(
      MakeEvent(attempt, preprocess ? ShardResult(std::move(track_errors)) : TrainResult(0.5)));
  Forget(attempt);
  return outcome;
}

FrameOutcome ScriptedWorker::Break(const AttemptKey& attempt, FailureClass failure,
                                   const std::string& message) {
  AttemptBroke broke;
  broke.failure = failure;
  broke.message = message;
  broke.exit_code = 1;
  broke.log_tail = {"last words"};
  FrameOutcome outcome = Send(MakeEvent(attempt, std::move(broke)));
  Forget(attempt);
  return outcome;
}

FrameOutcome ScriptedWorker::Return(const AttemptKey& attempt) {
  FrameOutcome outcome = Send(MakeEvent(attempt, AttemptReturned{"draining", true}));
  Forget(attempt);
  return outcome;
}

AttemptFinished ShardResult(std::vector<TrackVerdict> track_errors) {
  AttemptFinished result;
  result.metrics = {{"tracks", 1}};
  result.artifacts = {{"shard", Sha256Hex("a shard"), 10}};
  result.track_errors = std::move(track_errors);
  return result;
}

AttemptFinished TrainResult(double f1_macro) {
  AttemptFinished result;
  result.metrics = {{"f1_macro", f1_macro}};
  result.timings_seconds = {{"train_seconds", 2.0}};
  result.environment = {{"libtorch", "test"}};
  result.predictions = {{.track_id = 3, .label = 1, .predicted = 1, .votes = {0, 4}}};
  return result;
}

}  // namespace tutti
