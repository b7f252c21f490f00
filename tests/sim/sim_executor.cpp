#include "tests/sim/sim_executor.h"

#include <optional>
#include <utility>

#include <gtest/gtest.h>

#include "common/backoff.h"
#include "tests/sim/sim_runner.h"
#include "worker/daemon/resume_note.h"

namespace tutti {
namespace {

constexpr int kPreprocessSteps = 4;
constexpr const char* kResumeFile = "resume";

}  // namespace

// One attempt on its way. Whoever erases it ends it: what it planned holds no more than a weak
// pointer to it.
class SimExecutor::Run : public std::enable_shared_from_this<SimExecutor::Run> {
 public:
  Run(const Surroundings& around, const v1::Lease& lease)
      : around_(around),
        id_(ToAttemptId(lease.attempt())),
        lease_(lease),
        identity_(IdentityOf(lease)),
        training_(BeginTraining(identity_)),
        source_(around.random),
        backoff_(source_, std::chrono::milliseconds(200), std::chrono::milliseconds(15'000)) {}

  void Fetch() { Soon(20, 300, &Run::TryFetch); }

  void Halt() {
    runs_ = false;
    SaveThen([this] { around_.listener.OnHalted(id_); });
  }

  void Salvage(const RunnerResume& leftover) {
    const auto bytes = around_.disk.ReadFile(around_.jobs / FileName(id_) / leftover.path);
    ASSERT_TRUE(bytes.ok()) << Describe(id_) << ": " << bytes.error().message;
    resume_ = {leftover.epoch, *bytes};
    salvaged_ = true;
    around_.story.Tell(Trouble::kResumeSalvaged, Describe(id_));
    SaveThen([this] { around_.listener.OnHalted(id_); });
  }

 private:
  struct ResumeFile {
    std::int32_t epoch = 0;
    std::string bytes;
  };

  bool trains() const { return lease_.kind() == v1::JOB_KIND_TRAIN; }

  void Soon(std::int64_t low_ms, std::int64_t high_ms, void (Run::*what)()) {
    After(Between(around_.random, low_ms, high_ms), what);
  }
  void After(std::chrono::milliseconds delay, void (Run::*what)()) {
    around_.timeline.After(delay, [weak = weak_from_this(), what] {
      if (const auto self = weak.lock()) (self.get()->*what)();
    });
  }
  void Retry(void (Run::*what)()) {
    around_.story.Tell(Trouble::kTransferFailed, Describe(id_));
    After(backoff_.Next(), what);
  }

  void TryFetch() {
    for (const auto& shard : lease_.shards()) {
      const auto bytes = around_.transfers.Download(shard.blob_hash());
      if (!bytes.ok() && bytes.error().code == ErrorCode::kUnavailable)
        return Retry(&Run::TryFetch);
      EXPECT_TRUE(bytes.ok()) << Describe(id_) << ": shard " << shard.blob_hash();
    }
    if (lease_.has_resume()) {
      const auto file = around_.transfers.Download(lease_.resume().blob_hash());
      if (!file.ok() && file.error().code == ErrorCode::kUnavailable) return Retry(&Run::TryFetch);
      if (file.ok()) GoOnFrom(*file);
    }
    backoff_.Reset();
    runs_ = true;
    around_.listener.OnRunning(id_, "cpu");
    for (const SimTraining& training : std::exchange(earlier_, {})) TellEpoch(training);
    // The file of a training that had come to its end leaves nothing to train.
    Soon(100, 1'500, training_.epoch < kSimEpochs ? &Run::Step : &Run::Finish);
  }

  void GoOnFrom(const std::string& file) {
    const auto training = FromResumeFile(file, identity_);
    ASSERT_TRUE(training.has_value()) << Describe(id_) << ": the resume file of another run";
    EXPECT_EQ(training->epoch, lease_.resume().epoch()) << Describe(id_);
    // Its epochs are told anew, so that an attempt has the whole curve.
    while (training_.epoch < training->epoch) {
      training_ = AfterNextEpoch(training_);
      earlier_.push_back(training_);
    }
    training_ = *training;
    around_.story.Tell(Trouble::kRunResumed, Describe(id_));
  }

  void Step() {
    if (!runs_) return;
    if (Chance(around_.random, around_.faults.breaks)) return BreakDown();
    if (Chance(around_.random, around_.faults.hangs)) {
      return around_.story.Tell(Trouble::kRunnerHung, Describe(id_));
    }
    ++steps_;
    v1::Progress progress;
    progress.set_done(steps_);
    around_.listener.OnProgress(id_, progress);
    around_.listener.OnLogLine(id_, "step " + std::to_string(steps_));
    if (trains()) {
      TrainEpoch();
      if (training_.epoch >= kSimEpochs) return Finish();
    } else if (steps_ >= kPreprocessSteps) {
      return Finish();
    }
    Soon(100, 1'500, &Run::Step);
  }

  void TrainEpoch() {
    training_ = AfterNextEpoch(training_);
    TellEpoch(training_);
    if (!Chance(around_.random, 0.6)) return;
    resume_ = {training_.epoch, ToResumeFile(training_, identity_)};
    KeepResumeFile();
    if (Chance(around_.random, 0.5)) UploadResume();
  }

  void TellEpoch(const SimTraining& training) {
    v1::EpochPoint point;
    point.set_epoch(training.epoch);
    point.set_train_loss(ResultOf(training).f1_macro);
    around_.listener.OnEpoch(id_, point);
  }

  // A disk that does not take it leaves the run as it is.
  void KeepResumeFile() {
    const std::filesystem::path folder = around_.jobs / FileName(id_);
    (void)around_.disk.CreateDirectories(folder, 0700);
    const Status kept =
        around_.disk.WriteFileAtomically(folder / kResumeFile, resume_->bytes, 0600);
    if (kept.ok()) {
      (void)WriteResumeNote(around_.disk, around_.jobs, id_, {kResumeFile, resume_->epoch});
    }
  }

  // One at a time; the file may be replaced by a newer one meanwhile.
  void UploadResume() {
    if (!resume_ || uploading_ || resume_->epoch <= resume_told_) return;
    uploading_ = *resume_;
    Soon(20, 500, &Run::OnResumeUploaded);
  }

  void OnResumeUploaded() {
    const ResumeFile file = *std::exchange(uploading_, std::nullopt);
    const auto hash = around_.transfers.Upload(file.bytes);
    if (salvaged_ && !hash.ok()) return Retry(&Run::UploadResume);
    if (hash.ok()) {
      resume_told_ = file.epoch;
      v1::ResumeFile told;
      told.set_blob_hash(*hash);
      told.set_size_bytes(static_cast<std::int64_t>(file.bytes.size()));
      told.set_epoch(file.epoch);
      around_.listener.OnResumeFile(id_, told);
    } else {
      around_.story.Tell(Trouble::kTransferFailed, Describe(id_));
      resume_.reset();
    }
    if (after_save_) SaveThen(*std::exchange(after_save_, std::nullopt));
  }

  void SaveThen(std::function<void()> then) {
    UploadResume();
    if (!uploading_) return then();
    after_save_ = std::move(then);
  }

  void BreakDown() {
    constexpr v1::FailureClass kClasses[] = {v1::FAILURE_CLASS_CRASHED,
                                             v1::FAILURE_CLASS_OUT_OF_MEMORY};
    v1::Broke broke;
    broke.set_failure(kClasses[Pick(around_.random, std::size(kClasses))]);
    broke.set_exit_code(-1);
    broke.add_log_tail("last words");
    around_.story.Tell(Trouble::kRunnerBroke, Describe(id_));
    runs_ = false;
    SaveThen([this, broke] { around_.listener.OnBroke(id_, broke); });
  }

  void Finish() {
    runs_ = false;
    around_.listener.OnUploading(id_);
    Soon(20, 800, &Run::Upload);
  }

  void Upload() {
    const SimResult result = ResultOf(training_);
    const std::string bytes = trains() ? result.weights : ShardBytes(identity_);
    const auto hash = around_.transfers.Upload(bytes);
    if (!hash.ok()) return Retry(&Run::Upload);
    v1::Finished finished;
    (*finished.mutable_metrics())["f1_macro"] = trains() ? result.f1_macro : 1.0;
    v1::Artifact& artifact = *finished.add_artifacts();
    artifact.set_name(trains() ? "weights" : "shard");
    artifact.set_blob_hash(*hash);
    artifact.set_size_bytes(static_cast<std::int64_t>(bytes.size()));
    for (const auto& track : lease_.tracks()) {
      if (trains() || !around_.undecodable.contains(track.content_hash())) continue;
      v1::TrackError& error = *finished.add_track_errors();
      error.set_track_id(track.id());
      error.set_content_hash(track.content_hash());
      error.set_message("no frames");
    }
    around_.listener.OnFinished(id_, std::move(finished));
  }

  const Surroundings around_;
  const AttemptId id_;
  const v1::Lease lease_;
  const std::string identity_;
  SimTraining training_;
  std::vector<SimTraining> earlier_;  // of the attempt before
  bool runs_ = false;
  int steps_ = 0;
  std::optional<ResumeFile> resume_;  // the newest
  std::optional<ResumeFile> uploading_;
  bool salvaged_ = false;
  std::int32_t resume_told_ = 0;
  std::optional<std::function<void()>> after_save_;
  SimRandomSource source_;
  Backoff backoff_;
};

void SimExecutor::Begin(const v1::Lease& lease) {
  const auto run = std::make_shared<Run>(around_, lease);
  runs_[ToAttemptId(lease.attempt())] = run;
  run->Fetch();
}

// Of an earlier daemon's attempt: what its runner wrote last is on the disk.
void SimExecutor::Salvage(const AttemptId& id, const RunnerResume& leftover) {
  v1::Lease lease;
  *lease.mutable_attempt() = ToProto(id);
  const auto run = std::make_shared<Run>(around_, lease);
  runs_[id] = run;
  run->Salvage(leftover);
}

void SimExecutor::Forget(const AttemptId& id) {
  Stop(id);
  (void)around_.disk.RemoveAll(around_.jobs / FileName(id));
  (void)RemoveResumeNote(around_.disk, around_.jobs, id);
}

void SimExecutor::Halt(const AttemptId& id) {
  const auto found = runs_.find(id);
  if (found != runs_.end()) found->second->Halt();
}

}  // namespace tutti
