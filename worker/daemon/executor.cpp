#include "worker/daemon/executor.h"

#include <algorithm>
#include <atomic>
#include <functional>
#include <optional>
#include <utility>

#include <spdlog/spdlog.h>

#include "common/rpc/job_line.h"
#include "worker/daemon/artifact_upload.h"
#include "worker/daemon/command_folder.h"
#include "worker/daemon/input_fetch.h"
#include "worker/daemon/resume_note.h"

namespace tutti {
namespace {

constexpr std::chrono::milliseconds kFirstRetry{200};
constexpr std::chrono::milliseconds kLongestRetry{15'000};

// The coordinator cannot be reached, or lost its place: the same call may work later.
bool IsPassing(const Error& error) {
  return error.code == ErrorCode::kUnavailable || error.code == ErrorCode::kDeadlineExceeded ||
         error.code == ErrorCode::kAborted || error.code == ErrorCode::kCancelled;
}

v1::FailureClass FailureOf(const Error& error) {
  switch (error.code) {
    case ErrorCode::kInvalidArgument:
    case ErrorCode::kNotFound:
    case ErrorCode::kDataLoss:
      return v1::FAILURE_CLASS_BAD_DATA;
    default:
      return v1::FAILURE_CLASS_CRASHED;
  }
}

// Only the worker's operator can mend it: trying again, here or elsewhere, does not.
v1::FailureClass FetchFailureOf(const Error& error) {
  return error.code == ErrorCode::kFailedPrecondition ? v1::FAILURE_CLASS_BAD_CONFIG
                                                      : FailureOf(error);
}

double Seconds(std::chrono::nanoseconds duration) {
  return std::chrono::duration<double>(duration).count();
}

}  // namespace

// One attempt on its way. Shared with tasks of the pool, which look at `stopped_` only; all else
// belongs to the loop's thread.
class Executor::Run : public std::enable_shared_from_this<Executor::Run> {
 public:
  Run(const Surroundings& around, const v1::Lease& lease, std::filesystem::path output_dir)
      : around_(around),
        id_(ToAttemptId(lease.attempt())),
        lease_(lease),
        output_dir_(std::move(output_dir)),
        begun_(around.clock.SteadyNow()),
        resume_due_(begun_ + around.resume.upload),
        backoff_(around.random, kFirstRetry, kLongestRetry) {}

  void Start() {
    const Status made = MakeOutputDir();
    if (!made.ok()) return BreakOrHandBack(v1::FAILURE_CLASS_CRASHED, made.error());
    Fetch();
  }

  void Halt() {
    if (job_ != 0) around_.runners.Abort(job_);
    job_ = 0;
    SaveThen([self = shared_from_this()] {
      self->ReturnDevice();
      self->around_.listener.OnHalted(self->id_);
    });
  }

  void Salvage(const RunnerResume& leftover) {
    resume_ = leftover;
    salvaged_ = true;
    SaveThen([self = shared_from_this()] { self->around_.listener.OnHalted(self->id_); });
  }

  void Stop() {
    stopped_ = true;
    ReturnDevice();
    if (job_ != 0) around_.runners.Abort(job_);
    around_.loop.Cancel(retry_);
  }

 private:
  // An earlier daemon may have left a folder of this name.
  Status MakeOutputDir() {
    TUTTI_RETURN_IF_ERROR(around_.files.RemoveAll(output_dir_));
    return around_.files.CreateDirectories(output_dir_, 0700);
  }

  // Runs `then` on the loop's thread, unless the attempt was stopped in between.
  template <class Value>
  void Hand(Value value, void (Run::*then)(Value)) {
    around_.loop.Post([self = shared_from_this(), value = std::move(value), then]() mutable {
      if (!self->stopped_) (self.get()->*then)(std::move(value));
    });
  }

  void Fetch() {
    around_.pool.Run([self = shared_from_this()] {
      self->Hand(FetchInputs(self->lease_, self->around_.cache, self->around_.blobs,
                             self->around_.data_roots, self->stopped_),
                 &Run::OnFetched);
    });
  }

  void OnFetched(Result<std::shared_ptr<InputPins>> pins) {
    if (!pins.ok() && IsPassing(pins.error())) return Retry(pins.error(), &Run::Fetch);
    if (!pins.ok()) {
      return BreakOrHandBack(FetchFailureOf(pins.error()), Annotate(pins.error(), "inputs"));
    }
    pins_ = *std::move(pins);
    backoff_.Reset();
    fetch_seconds_ = Seconds(around_.clock.SteadyNow() - begun_);
    InputPaths inputs;
    for (const auto& [hash, pin] : *pins_) inputs[hash] = pin.path();
    // Features are made on the processor.
    const auto& avoided = lease_.avoided_devices();
    if (lease_.kind() != v1::JOB_KIND_PREPROCESS)
      device_ = around_.gpus.Take({lease_.device(), {avoided.begin(), avoided.end()}});
    JobPlace place{output_dir_, device_.value_or("cpu"), {}};
    if (lease_.kind() == v1::JOB_KIND_TRAIN) place.resume_interval = around_.resume.write;
    Result<std::string> line = JobLine(lease_, inputs, place);
    if (!line.ok()) return Break(v1::FAILURE_CLASS_BAD_CONFIG, line.error().message);
    line_ = *std::move(line);
    if (!lease_.has_command()) return GiveToRunner({});
    around_.pool.Run([self = shared_from_this(), inputs = std::move(inputs)] {
      self->Hand(LayOutFiles(self->lease_.command(), inputs, self->output_dir_),
                 &Run::GiveToRunner);
    });
  }

  void GiveToRunner(Status laid_out) {
    if (!laid_out.ok()) return BreakOrHandBack(v1::FAILURE_CLASS_CRASHED, laid_out.error());
    const std::weak_ptr<Run> weak = weak_from_this();
    const auto on_event = [weak](const RunnerEvent& event) {
      if (const auto self = weak.lock(); self && !self->stopped_) self->OnEvent(event);
    };
    const auto on_end = [weak](JobEnd end) {
      if (const auto self = weak.lock(); self && !self->stopped_) self->OnJobEnd(end);
    };
    const auto job = lease_.has_command()
                         ? around_.runners.RunProgram(ProgramOf(lease_.command(), output_dir_),
                                                      line_, on_event, on_end)
                         : around_.runners.Run(lease_.kind(), line_, on_event, on_end);
    line_.clear();
    if (!job.ok()) {
      return BreakOrHandBack(v1::FAILURE_CLASS_CRASHED,
                             Annotate(job.error(), "the runner cannot be started"));
    }
    job_ = *job;
    around_.listener.OnRunning(id_, device_.value_or("cpu"));
  }

  void OnEvent(const RunnerEvent& event) {
    if (const auto* progress = std::get_if<v1::Progress>(&event)) {
      around_.listener.OnProgress(id_, *progress);
    } else if (const auto* epoch = std::get_if<v1::EpochPoint>(&event)) {
      around_.listener.OnEpoch(id_, *epoch);
    } else if (const auto* line = std::get_if<RunnerLogLine>(&event)) {
      around_.listener.OnLogLine(id_, line->text);
    } else if (const auto* artifact = std::get_if<RunnerArtifact>(&event)) {
      artifacts_.push_back(*artifact);
    } else if (const auto* resume = std::get_if<RunnerResume>(&event)) {
      resume_ = *resume;
      const Status noted = WriteResumeNote(around_.files, output_dir_.parent_path(), id_, *resume);
      if (!noted.ok()) spdlog::warn("{}: {}", Describe(id_), noted.error().message);
      if (around_.clock.SteadyNow() >= resume_due_) UploadResume();
    } else if (const auto* error = std::get_if<RunnerTrackError>(&event)) {
      track_errors_[error->track_id] = error->message;
    }
  }

  void OnJobEnd(JobEnd& end) {
    job_ = 0;
    ReturnDevice();
    pins_.reset();  // before the shard comes in: the cache lets the audio go, not the shard
    if (auto* broke = std::get_if<v1::Broke>(&end)) {
      // What it has learned so far helps the next attempt, wherever that will be.
      return SaveThen([self = shared_from_this(), broke = std::move(*broke)]() mutable {
        self->TellBroke(std::move(broke));
      });
    }
    finished_ = std::move(std::get<RunnerResult>(end).finished);
    (*finished_.mutable_timings_seconds())["fetch"] = fetch_seconds_;
    const Status complete = AddTrackErrors();
    if (!complete.ok()) return Break(v1::FAILURE_CLASS_BAD_DATA, complete.error().message);
    around_.listener.OnUploading(id_);
    Upload();
  }

  // One at a time; the file may be replaced by a newer one meanwhile.
  void UploadResume() {
    if (!resume_ || resume_uploading_ || resume_->epoch <= resume_told_) return;
    resume_uploading_ = *resume_;
    around_.pool.Run([self = shared_from_this(), path = resume_->path] {
      self->Hand(
          UploadArtifacts(self->output_dir_, {{"resume", path}}, self->around_.blobs, nullptr),
          &Run::OnResumeUploaded);
    });
  }

  void OnResumeUploaded(Result<std::vector<v1::Artifact>> uploaded) {
    const RunnerResume file = *std::exchange(resume_uploading_, std::nullopt);
    if (salvaged_ && !uploaded.ok() && IsPassing(uploaded.error())) {
      return Retry(uploaded.error(), &Run::UploadResume);
    }
    resume_due_ = around_.clock.SteadyNow() + around_.resume.upload;
    if (uploaded.ok()) {
      resume_told_ = file.epoch;
      v1::ResumeFile told;
      told.set_blob_hash(uploaded->front().blob_hash());
      told.set_size_bytes(uploaded->front().size_bytes());
      told.set_epoch(file.epoch);
      around_.listener.OnResumeFile(id_, told);
    } else {
      spdlog::warn("{}: resume file: {}", Describe(id_), uploaded.error().message);
      resume_.reset();  // the next one may go better
    }
    if (after_save_) return SaveThen(*std::exchange(after_save_, std::nullopt));
    if (around_.resume.upload.count() == 0) UploadResume();
  }

  // Runs `then` once the newest resume file is uploaded, or cannot be.
  void SaveThen(std::function<void()> then) {
    UploadResume();
    if (!resume_uploading_) return then();
    after_save_ = std::move(then);
  }

  // A verdict is on a track's content, which only the lease names.
  Status AddTrackErrors() {
    if (artifacts_.size() > kMaxArtifactsPerAttempt) {
      return InvalidArgument("the runner named " + std::to_string(artifacts_.size()) +
                             " artifacts, at most " + std::to_string(kMaxArtifactsPerAttempt) +
                             " are taken");
    }
    for (const auto& track : lease_.tracks()) {
      const auto found = track_errors_.find(track.id());
      if (found == track_errors_.end()) continue;
      v1::TrackError& error = *finished_.add_track_errors();
      error.set_track_id(track.id());
      error.set_content_hash(track.content_hash());
      error.set_message(found->second);
      track_errors_.erase(found);
    }
    if (track_errors_.empty()) return {};
    return InvalidArgument("the runner told an error of track " +
                           std::to_string(track_errors_.begin()->first) +
                           ", which is not in its job");
  }

  void Upload() {
    BlobCache* adopt = lease_.kind() == v1::JOB_KIND_PREPROCESS ? &around_.cache : nullptr;
    around_.pool.Run([self = shared_from_this(), artifacts = artifacts_, adopt] {
      self->Hand(UploadArtifacts(self->output_dir_, artifacts, self->around_.blobs, adopt),
                 &Run::OnUploaded);
    });
  }

  void OnUploaded(Result<std::vector<v1::Artifact>> uploaded) {
    // A full disk at the coordinator is mended some day; a complete result is worth the wait.
    const bool passing = !uploaded.ok() && (IsPassing(uploaded.error()) ||
                                            uploaded.error().code == ErrorCode::kResourceExhausted);
    if (passing) {
      return Retry(uploaded.error(), &Run::Upload);
    }
    if (!uploaded.ok()) return BreakOrHandBack(FailureOf(uploaded.error()), uploaded.error());
    for (v1::Artifact& artifact : *uploaded) *finished_.add_artifacts() = std::move(artifact);
    around_.listener.OnFinished(id_, std::move(finished_));
  }

  void Retry(const Error& why, void (Run::*what)()) {
    const auto wait = backoff_.Next();
    spdlog::warn("{}: {}; trying again in {} ms", Describe(id_), why.message, wait.count());
    retry_ = around_.loop.RunAt(around_.clock.SteadyNow() + wait,
                                [self = shared_from_this(), what] { (self.get()->*what)(); });
  }

  void BreakOrHandBack(v1::FailureClass failure, const Error& error) {
    // No room, no handles, no memory: of this machine, whatever the job.
    if (error.code == ErrorCode::kResourceExhausted) return HandBack(error.message);
    Break(failure, error.message);
  }

  void HandBack(const std::string& reason) {
    ReturnDevice();
    pins_.reset();
    spdlog::warn("{} is handed back: {}", Describe(id_), reason);
    around_.listener.OnHandedBack(id_, reason);
  }

  void Break(v1::FailureClass failure, const std::string& message) {
    v1::Broke broke;
    broke.set_failure(failure);
    broke.set_message(message);
    broke.set_exit_code(-1);
    TellBroke(std::move(broke));
  }

  void ReturnDevice() {
    if (device_) around_.gpus.GiveBack(*std::exchange(device_, std::nullopt));
  }

  void TellBroke(v1::Broke broke) {
    const auto fault = DiskFault(broke, lease_.has_command(), around_.check_disk);
    if (fault) return HandBack(*fault);
    ReturnDevice();
    pins_.reset();
    spdlog::warn("{} broke: {}", Describe(id_), broke.message());
    around_.listener.OnBroke(id_, std::move(broke));
  }

  const Surroundings around_;
  const AttemptId id_;
  const v1::Lease lease_;
  const std::filesystem::path output_dir_;
  const SteadyTime begun_;
  std::atomic<bool> stopped_ = false;
  Backoff backoff_;
  EventLoop::TimerId retry_ = 0;
  RunnerPool::JobNumber job_ = 0;  // 0: no runner has it
  std::shared_ptr<InputPins> pins_;
  std::optional<std::string> device_;  // while it has a share of one
  std::string line_;                   // until a runner has it
  double fetch_seconds_ = 0;
  std::vector<RunnerArtifact> artifacts_;
  std::optional<RunnerResume> resume_;            // the newest
  std::optional<RunnerResume> resume_uploading_;  // on its way
  bool salvaged_ = false;                         // an earlier daemon's
  std::int32_t resume_told_ = 0;                  // epoch of the one that the coordinator knows
  SteadyTime resume_due_;                         // not uploaded before, except at the end
  std::optional<std::function<void()>> after_save_;
  std::map<std::int64_t, std::string> track_errors_;  // by track id
  v1::Finished finished_;
};

Executor::Executor(const Surroundings& surroundings, std::filesystem::path jobs)
    : around_(surroundings), jobs_(std::move(jobs)) {}

Executor::~Executor() {
  for (const auto& [id, run] : runs_) run->Stop();
}

void Executor::Begin(const v1::Lease& lease) {
  const AttemptId id = ToAttemptId(lease.attempt());
  const auto run = std::make_shared<Run>(around_, lease, jobs_ / FileName(id));
  runs_[id] = run;
  run->Start();
}

void Executor::Stop(const AttemptId& id) {
  const auto found = runs_.find(id);
  if (found == runs_.end()) return;
  found->second->Stop();
  runs_.erase(found);
}

void Executor::Halt(const AttemptId& id) {
  const auto found = runs_.find(id);
  if (found != runs_.end()) found->second->Halt();
}

void Executor::Salvage(const AttemptId& id, const RunnerResume& leftover) {
  v1::Lease lease;  // of which nothing more is known here
  *lease.mutable_attempt() = ToProto(id);
  const auto run = std::make_shared<Run>(around_, lease, jobs_ / FileName(id));
  runs_[id] = run;
  run->Salvage(leftover);
}

void Executor::Forget(const AttemptId& id) {
  Stop(id);
  for (const Status& removed : {around_.files.RemoveAll(jobs_ / FileName(id)),
                                RemoveResumeNote(around_.files, jobs_, id)}) {
    if (!removed.ok()) spdlog::warn("{}", removed.error().message);
  }
}

void Executor::ForgetAllBut(const std::vector<AttemptId>& kept) {
  const auto names = around_.files.ListDirectory(jobs_);
  if (!names.ok()) return spdlog::warn("{}", names.error().message);
  for (const std::string& name : *names) {
    const auto id = ParseFileName(std::string_view(name).substr(0, name.find('.')));
    if (id && std::ranges::find(kept, *id) != kept.end()) continue;
    const Status removed = around_.files.RemoveAll(jobs_ / name);
    if (!removed.ok()) spdlog::warn("{}", removed.error().message);
  }
}

}  // namespace tutti
