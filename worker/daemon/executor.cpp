#include "worker/daemon/executor.h"

#include <algorithm>
#include <atomic>
#include <functional>
#include <optional>
#include <set>
#include <unistd.h>
#include <utility>

#include <spdlog/spdlog.h>

#include "common/rpc/job_line.h"
#include "worker/daemon/artifact_upload.h"
#include "worker/daemon/attempt_failure.h"
#include "worker/daemon/command_folder.h"
#include "worker/daemon/gpu_load.h"
#include "worker/daemon/input_fetch.h"
#include "worker/daemon/process_table.h"
#include "worker/daemon/resume_note.h"
#include "worker/daemon/track_errors.h"

namespace tutti {

// One attempt on its way. Shared with tasks of the pool, which look at `stopped_` only; all else
// belongs to the loop's thread.
class Executor::Run : public std::enable_shared_from_this<Executor::Run> {
 public:
  Run(Executor& executor, const v1::Lease& lease)
      : around_(executor.around_),
        slots_(executor.slots_),
        gpus_(executor.gpus_),
        id_(ToAttemptId(lease.attempt())),
        lease_(lease),
        gpu_key_(MemoryKey(lease)),
        output_dir_(executor.folders_.PathOf(id_)),
        begun_(around_.clock.SteadyNow()),
        backoff_(around_.random, kFirstRetry, kLongestRetry),
        resume_due_(begun_ + around_.resume.upload) {}

  void Start(const Status& folder) {
    if (!folder.ok()) return BreakOrHandBack(v1::FAILURE_CLASS_CRASHED, folder.error());
    Fetch();
  }

  void Halt() {
    if (job_ != 0) around_.runners.Abort(job_);
    job_ = 0;
    SaveThen([self = shared_from_this()] {
      self->ReturnPlaces();
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
    ReturnPlaces();
    if (job_ != 0) around_.runners.Abort(job_);
    around_.loop.Cancel(retry_);
  }

  // Of its runner; nothing while none has it.
  std::optional<pid_t> pid() const { return around_.runners.PidOf(job_); }
  // Ended well, and named no file.
  bool left_nothing() const { return ended_ && artifacts_.empty() && !resume_; }
  void OnGpuBytesSeen(std::int64_t bytes) { gpu_bytes_seen_ = std::max(gpu_bytes_seen_, bytes); }

 private:
  static constexpr std::chrono::milliseconds kFirstRetry{200};
  static constexpr std::chrono::milliseconds kLongestRetry{15'000};

  // Runs `then` on the loop's thread, unless the attempt was stopped in between.
  template <class Value>
  void Hand(Value value, void (Run::*then)(Value)) {
    around_.loop.Post([self = shared_from_this(), value = std::move(value), then]() mutable {
      if (!self->stopped_) (self.get()->*then)(std::move(value));
    });
  }

  // Calls `then` where the attempt is still there and was not stopped.
  template <class... Arguments>
  auto IfWanted(void (Run::*then)(Arguments...)) {
    return [weak = weak_from_this(), then](Arguments... arguments) {
      const auto self = weak.lock();
      if (self && !self->stopped_) (self.get()->*then)(std::forward<Arguments>(arguments)...);
    };
  }

  void Fetch() {
    if (InputHashes(lease_).empty()) return OnFetched(std::make_shared<InputPins>());
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
    fetch_seconds_ = std::chrono::duration<double>(around_.clock.SteadyNow() - begun_).count();
    slot_ = slots_.Ask(IfWanted(&Run::OnTurn), IfWanted(&Run::OnNoRoom));
  }

  void OnTurn() {
    // Features are made on the processor.
    if (lease_.kind() == v1::JOB_KIND_PREPROCESS) return OnDevice("cpu");
    const auto& avoided = lease_.avoided_devices();
    gpu_place_ = gpus_.Ask({lease_.device(), {avoided.begin(), avoided.end()}}, gpu_key_,
                           IfWanted(&Run::OnDevice), IfWanted(&Run::OnNoRoom));
  }

  void OnDevice(const std::string& device) {
    device_ = device;
    InputPaths inputs;
    for (const auto& [hash, pin] : *pins_) inputs[hash] = pin.path();
    JobPlace place{output_dir_, device_, {}};
    if (lease_.kind() == v1::JOB_KIND_TRAIN) place.resume_interval = around_.resume.write;
    Result<std::string> line = JobLine(lease_, inputs, place);
    if (!line.ok()) return Break(v1::FAILURE_CLASS_BAD_CONFIG, line.error().message);
    line_ = *std::move(line);
    if (lease_.command().files().empty()) return GiveToRunner({});
    around_.pool.Run([self = shared_from_this(), inputs = std::move(inputs)] {
      self->Hand(LayOutFiles(self->lease_.command(), inputs, self->output_dir_),
                 &Run::GiveToRunner);
    });
  }

  void GiveToRunner(Status laid_out) {
    if (!laid_out.ok()) return BreakOrHandBack(v1::FAILURE_CLASS_CRASHED, laid_out.error());
    auto on_event = IfWanted(&Run::OnEvent);
    auto on_end = IfWanted(&Run::OnJobEnd);
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
    around_.listener.OnRunning(id_, device_);
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
    } else if (const auto* memory = std::get_if<RunnerGpuMemory>(&event)) {
      gpus_.ObserveMemory(device_, memory->total_bytes);
      gpus_.Learn(gpu_key_, memory->peak_bytes + kProcessGpuBytes);
    } else if (const auto* error = std::get_if<RunnerTrackError>(&event)) {
      track_errors_[error->track_id] = error->message;
    }
  }

  void OnJobEnd(JobEnd end) {
    job_ = 0;
    // Where runs fail none is held ahead: a place that is to blame must not draw more of them.
    ended_ = std::holds_alternative<RunnerResult>(end);
    if (ended_) slots_.LeaveAtEnd(std::exchange(slot_, 0));
    ReturnPlaces();
    pins_.reset();  // before the shard comes in: the cache lets the audio go, not the shard
    if (auto* broke = std::get_if<v1::Broke>(&end)) {
      // What it has learned so far helps the next attempt, wherever that will be.
      return SaveThen([self = shared_from_this(), broke = std::move(*broke)]() mutable {
        self->TellBroke(std::move(broke));
      });
    }
    finished_ = std::move(std::get<RunnerResult>(end).finished);
    // A program that tells nothing of its GPU's memory has been looked at.
    if (gpu_bytes_seen_ > 0) gpus_.Learn(gpu_key_, gpu_bytes_seen_);
    (*finished_.mutable_timings_seconds())["fetch"] = fetch_seconds_;
    const Status told = AddTrackErrors(lease_, track_errors_, finished_);
    if (!told.ok()) return Break(v1::FAILURE_CLASS_BAD_DATA, told.error().message);
    if (artifacts_.size() > kMaxArtifactsPerAttempt) {
      return Break(v1::FAILURE_CLASS_BAD_DATA,
                   "the runner named " + std::to_string(artifacts_.size()) +
                       " artifacts, at most " + std::to_string(kMaxArtifactsPerAttempt) +
                       " are taken");
    }
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

  void Upload() {
    if (artifacts_.empty()) return OnUploaded(std::vector<v1::Artifact>());
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
    if (passing) return Retry(uploaded.error(), &Run::Upload);
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
    LetGo("is handed back", reason);
    around_.listener.OnHandedBack(id_, reason);
  }

  void OnNoRoom(const std::string& why) {
    LetGo("is handed back", why);
    around_.listener.OnNoRoom(id_, why);
  }

  void LetGo(const char* how, const std::string& why) {
    ReturnPlaces();
    pins_.reset();
    spdlog::warn("{} {}: {}", Describe(id_), how, why);
  }

  void Break(v1::FailureClass failure, const std::string& message) {
    TellBroke(BrokeOf(failure, message));
  }

  void ReturnPlaces() {
    gpus_.Leave(std::exchange(gpu_place_, 0));
    slots_.Leave(std::exchange(slot_, 0));
  }

  void TellBroke(v1::Broke broke) {
    const auto fault = DiskFault(broke, lease_.has_command(), around_.check_disk);
    if (fault) return HandBack(*fault);
    LetGo("broke", broke.message());
    around_.listener.OnBroke(id_, std::move(broke));
  }

  const Surroundings around_;
  SlotQueue& slots_;
  GpuQueue& gpus_;
  const AttemptId id_;
  const v1::Lease lease_;
  const std::string gpu_key_;  // of its need of a GPU's memory
  const std::filesystem::path output_dir_;
  const SteadyTime begun_;
  std::atomic<bool> stopped_ = false;
  Backoff backoff_;
  EventLoop::TimerId retry_ = 0;
  RunnerPool::JobNumber job_ = 0;  // 0: no runner has it
  std::shared_ptr<InputPins> pins_;
  std::string device_ = "cpu";
  SlotQueue::Place slot_ = 0;      // while it waits for its turn, or has it
  GpuQueue::Place gpu_place_ = 0;  // while it waits for a share of one, or has it
  std::int64_t gpu_bytes_seen_ = 0;
  std::string line_;  // until a runner has it
  double fetch_seconds_ = 0;
  std::vector<RunnerArtifact> artifacts_;
  std::optional<RunnerResume> resume_;            // the newest
  std::optional<RunnerResume> resume_uploading_;  // on its way
  bool ended_ = false;                            // well
  bool salvaged_ = false;                         // an earlier daemon's
  std::int32_t resume_told_ = 0;                  // epoch of the one that the coordinator knows
  SteadyTime resume_due_;                         // not uploaded before, except at the end
  std::optional<std::function<void()>> after_save_;
  std::map<std::int64_t, std::string> track_errors_;  // by track id
  v1::Finished finished_;
};

Executor::Executor(const Surroundings& surroundings, std::filesystem::path jobs)
    : around_(surroundings),
      folders_(surroundings.files, surroundings.pool, std::move(jobs)),
      slots_(surroundings.loop, surroundings.clock, surroundings.slots, surroundings.on_slow),
      gpus_(surroundings.loop, surroundings.clock, surroundings.gpus) {}

Executor::~Executor() {
  for (const auto& [id, run] : runs_) run->Stop();
}

void Executor::Begin(const v1::Lease& lease) {
  const AttemptId id = ToAttemptId(lease.attempt());
  (runs_[id] = std::make_shared<Run>(*this, lease))->Start(folders_.Make(id));
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

void Executor::OnMachineSample(const MachineSample& sample) {
  if (sample.gpus.empty()) return;
  std::map<pid_t, pid_t> parents;
  for (const ProcessEntry& process : AllProcesses()) parents[process.pid] = process.parent;
  std::map<pid_t, Run*> by_runner;
  std::set<pid_t> runners;
  for (const auto& [id, run] : runs_) {
    const auto pid = run->pid();
    if (pid && runners.insert(*pid).second) by_runner[*pid] = run.get();
  }
  for (const auto& [device, load] : LoadOfGpus(sample, parents, ::getpid(), runners)) {
    gpus_.ObserveMemory(device, load.total_bytes);
    gpus_.ObserveStrangers(device, load.strangers);
    for (const auto& [runner, bytes] : load.runners) by_runner.at(runner)->OnGpuBytesSeen(bytes);
  }
}

void Executor::Salvage(const AttemptId& id, const RunnerResume& leftover) {
  v1::Lease lease;  // of which nothing more is known here
  *lease.mutable_attempt() = ToProto(id);
  const auto run = std::make_shared<Run>(*this, lease);
  runs_[id] = run;
  run->Salvage(leftover);
}

void Executor::Forget(const AttemptId& id) {
  const auto found = runs_.find(id);
  const bool ended_well = found != runs_.end() && found->second->left_nothing();
  Stop(id);
  folders_.Leave(id, ended_well);
}

}  // namespace tutti
