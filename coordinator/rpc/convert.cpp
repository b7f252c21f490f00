#include "coordinator/rpc/convert.h"

#include <array>
#include <limits>
#include <utility>

#include "common/hash.h"
#include "common/safe_path.h"
#include "coordinator/rpc/limits.h"

namespace tutti {
namespace {

template <class Ours, class Theirs, std::size_t N>
using Pairs = std::array<std::pair<Ours, Theirs>, N>;

constexpr Pairs<JobKind, v1::JobKind, 3> kKinds{{
    {JobKind::kPreprocess, v1::JOB_KIND_PREPROCESS},
    {JobKind::kTrain, v1::JOB_KIND_TRAIN},
    {JobKind::kCommand, v1::JOB_KIND_COMMAND},
}};
constexpr Pairs<JobPhase, v1::JobPhase, 7> kPhases{{
    {JobPhase::kBlocked, v1::JOB_PHASE_BLOCKED},
    {JobPhase::kReady, v1::JOB_PHASE_READY},
    {JobPhase::kLeased, v1::JOB_PHASE_LEASED},
    {JobPhase::kRunning, v1::JOB_PHASE_RUNNING},
    {JobPhase::kSucceeded, v1::JOB_PHASE_SUCCEEDED},
    {JobPhase::kFailed, v1::JOB_PHASE_FAILED},
    {JobPhase::kCancelled, v1::JOB_PHASE_CANCELLED},
}};
constexpr Pairs<FailureClass, v1::FailureClass, 8> kFailures{{
    {FailureClass::kBadConfig, v1::FAILURE_CLASS_BAD_CONFIG},
    {FailureClass::kBadData, v1::FAILURE_CLASS_BAD_DATA},
    {FailureClass::kDependencyFailed, v1::FAILURE_CLASS_DEPENDENCY_FAILED},
    {FailureClass::kOutOfMemory, v1::FAILURE_CLASS_OUT_OF_MEMORY},
    {FailureClass::kCrashed, v1::FAILURE_CLASS_CRASHED},
    {FailureClass::kTimedOut, v1::FAILURE_CLASS_TIMED_OUT},
    {FailureClass::kWorkerLost, v1::FAILURE_CLASS_WORKER_LOST},
    {FailureClass::kPreempted, v1::FAILURE_CLASS_PREEMPTED},
}};

template <class Ours, class Theirs, std::size_t N>
Theirs ToTheirs(const Pairs<Ours, Theirs, N>& pairs, Ours value) {
  for (const auto& [ours, theirs] : pairs) {
    if (ours == value) return theirs;
  }
  return Theirs{};
}

template <class Ours, class Theirs, std::size_t N>
Result<Ours> ToOurs(const Pairs<Ours, Theirs, N>& pairs, Theirs value, const std::string& field) {
  for (const auto& [ours, theirs] : pairs) {
    if (theirs == value) return ours;
  }
  return InvalidArgument(field + ": value " + std::to_string(static_cast<int>(value)) +
                         " is not known to this release");
}

Result<AttemptKey> ToKey(const v1::Attempt& attempt) {
  if (attempt.job_id() <= 0 || attempt.attempt() <= 0) {
    return InvalidArgument("attempt: expected a job and an attempt above 0, got job " +
                           std::to_string(attempt.job_id()) + ", attempt " +
                           std::to_string(attempt.attempt()));
  }
  return AttemptKey{JobId{attempt.job_id()}, attempt.attempt()};
}

Status CheckCount(std::string_view what, int count, int limit) {
  if (count <= limit) return {};
  return InvalidArgument(std::string(what) + ": at most " + std::to_string(limit) + ", got " +
                         std::to_string(count));
}

Result<AttemptFinished> ToFinished(const v1::Finished& from) {
  TUTTI_RETURN_IF_ERROR(CheckCount("metrics", from.metrics_size(), kMaxNamedValues));
  TUTTI_RETURN_IF_ERROR(CheckCount("timings", from.timings_seconds_size(), kMaxNamedValues));
  TUTTI_RETURN_IF_ERROR(CheckCount("environment", from.environment_size(), kMaxNamedValues));
  TUTTI_RETURN_IF_ERROR(CheckCount("artifacts", from.artifacts_size(), kMaxArtifacts));
  AttemptFinished finished;
  finished.metrics.insert(from.metrics().begin(), from.metrics().end());
  finished.timings_seconds.insert(from.timings_seconds().begin(), from.timings_seconds().end());
  finished.environment.insert(from.environment().begin(), from.environment().end());
  for (const v1::Prediction& prediction : from.predictions()) {
    finished.predictions.push_back({prediction.track_id(),
                                    prediction.label(),
                                    prediction.predicted(),
                                    {prediction.votes().begin(), prediction.votes().end()}});
  }
  for (const v1::Artifact& artifact : from.artifacts()) {
    // Clients make files of these names.
    if (artifact.name().size() > kMaxNameBytes || !IsSafeRelativePath(artifact.name())) {
      return InvalidArgument("artifact: expected a name of 1 to " + std::to_string(kMaxNameBytes) +
                             " bytes that stays below its folder, got \"" +
                             artifact.name().substr(0, kMaxNameBytes) + "\"");
    }
    if (!IsSha256Hex(artifact.blob_hash())) {
      return InvalidArgument("artifact " + artifact.name() + ": blob_hash is not a SHA-256");
    }
    finished.artifacts.push_back({artifact.name(), artifact.blob_hash(), artifact.size_bytes()});
  }
  for (const v1::TrackError& error : from.track_errors()) {
    finished.track_errors.push_back({error.track_id(), error.content_hash(), error.message()});
  }
  return finished;
}

Result<AttemptBroke> ToBroke(const v1::Broke& from) {
  TUTTI_RETURN_IF_ERROR(CheckCount("log_tail", from.log_tail_size(), kMaxLogTailLines));
  AttemptBroke broke;
  TUTTI_ASSIGN_OR_RETURN(broke.failure, ToOurs(kFailures, from.failure(), "broke.failure"));
  broke.message = from.message();
  broke.exit_code = from.exit_code();
  broke.signal = from.signal();
  broke.log_tail.assign(from.log_tail().begin(), from.log_tail().end());
  return broke;
}

Result<AttemptResume> ToResume(const v1::ResumeFile& from) {
  if (!IsSha256Hex(from.blob_hash()) || from.size_bytes() < 1 || from.epoch() < 1) {
    return InvalidArgument("resume: expected a blob's hash, its size and an epoch from 1 on");
  }
  return AttemptResume{from.blob_hash(), from.size_bytes(), from.epoch()};
}

Result<AttemptLog> ToLog(const v1::LogLines& from) {
  if (from.first() < 1 || from.lines().empty() || from.lines_size() > kMaxLinesPerLogEvent) {
    return InvalidArgument("log: expected 1 to " + std::to_string(kMaxLinesPerLogEvent) +
                           " lines from line 1 on, got " + std::to_string(from.lines_size()) +
                           " from line " + std::to_string(from.first()) + " on");
  }
  for (const std::string& line : from.lines()) {
    if (line.size() > kMaxLogLineBytes) {
      return InvalidArgument("log: a line of " + std::to_string(line.size()) + " bytes, at most " +
                             std::to_string(kMaxLogLineBytes));
    }
  }
  return AttemptLog{from.first(), {from.lines().begin(), from.lines().end()}};
}

AttemptEpoch ToEpoch(const v1::EpochPoint& from, const AttemptKey& key) {
  return {EpochRecord{key.job, key.attempt, from.epoch(), from.train_loss(), from.train_accuracy(),
                      from.val_loss(), from.val_accuracy(), from.seconds()}};
}

Result<AttemptEvent> ToEvent(const v1::AttemptEvent& from) {
  AttemptEvent event;
  TUTTI_ASSIGN_OR_RETURN(event.attempt, ToKey(from.attempt()));
  if (from.sequence() <= 0) return InvalidArgument("event: sequence is not above 0");
  event.sequence = from.sequence();
  event.at = UnixMillis{from.at_unix_ms()};
  switch (from.payload_case()) {
    case v1::AttemptEvent::kStarted:
      event.payload = AttemptStarted{from.started().device()};
      return event;
    case v1::AttemptEvent::kProgress:
      event.payload =
          AttemptProgress{from.progress().done(), from.progress().total(), from.progress().unit()};
      return event;
    case v1::AttemptEvent::kEpoch:
      event.payload = ToEpoch(from.epoch(), event.attempt);
      return event;
    case v1::AttemptEvent::kFinished: {
      TUTTI_ASSIGN_OR_RETURN(event.payload, ToFinished(from.finished()));
      return event;
    }
    case v1::AttemptEvent::kBroke: {
      TUTTI_ASSIGN_OR_RETURN(event.payload, ToBroke(from.broke()));
      return event;
    }
    case v1::AttemptEvent::kReturned:
      event.payload = AttemptReturned{from.returned().reason(), from.returned().started()};
      return event;
    case v1::AttemptEvent::kResume: {
      TUTTI_ASSIGN_OR_RETURN(event.payload, ToResume(from.resume()));
      return event;
    }
    case v1::AttemptEvent::kLog: {
      TUTTI_ASSIGN_OR_RETURN(event.payload, ToLog(from.log()));
      return event;
    }
    case v1::AttemptEvent::PAYLOAD_NOT_SET:
      break;
  }
  return InvalidArgument(
      "event: no payload that this release knows; are coordinator and worker "
      "of one release?");
}

Result<WorkerHello> ToHello(const v1::WorkerHello& from) {
  if (from.name().empty() || from.name().size() > kMaxNameBytes) {
    return InvalidArgument("hello: a name of 1 to " + std::to_string(kMaxNameBytes) + " bytes");
  }
  if (from.slots() < 1 || from.slots() > kMaxSlotsPerWorker) {
    return InvalidArgument("hello: slots: expected 1 to " + std::to_string(kMaxSlotsPerWorker) +
                           ", got " + std::to_string(from.slots()));
  }
  TUTTI_RETURN_IF_ERROR(CheckCount("hello: devices", from.devices_size(), kMaxDevicesPerWorker));
  TUTTI_RETURN_IF_ERROR(
      CheckCount("hello: data roots", from.data_roots_size(), kMaxDataRootsPerWorker));
  TUTTI_RETURN_IF_ERROR(
      CheckCount("hello: cached blobs", from.cached_blobs_size(), kMaxCachedBlobsTold));
  WorkerHello hello{from.name(), from.host(), from.version(), from.slots(), from.cores(), {}};
  hello.devices.assign(from.devices().begin(), from.devices().end());
  hello.data_roots.assign(from.data_roots().begin(), from.data_roots().end());
  hello.cached_blobs.assign(from.cached_blobs().begin(), from.cached_blobs().end());
  for (const int kind : from.kinds()) {
    // A newer worker may offer kinds that this coordinator has never heard of; it will not be asked
    // for them.
    const auto known = ToOurs(kKinds, static_cast<v1::JobKind>(kind), "kind");
    if (known.ok()) hello.kinds.push_back(*known);
  }
  return hello;
}

Status CheckShare(const char* what, double share) {
  if (share >= 0 && share <= 1) return {};  // false of what is no number
  return InvalidArgument(std::string("use: ") + what + ": expected 0 to 1, got " +
                         std::to_string(share));
}

Status CheckMemory(const char* what, std::int64_t used, std::int64_t total) {
  if (used >= 0 && total >= 0) return {};
  return InvalidArgument(std::string("use: ") + what + ": expected bytes from 0 on, got " +
                         std::to_string(used) + " of " + std::to_string(total));
}

// It goes to people as it is, and nowhere else.
Status CheckUse(const v1::MachineUse& use) {
  TUTTI_RETURN_IF_ERROR(CheckShare("cpu_share", use.cpu_share()));
  TUTTI_RETURN_IF_ERROR(CheckMemory("memory", use.memory_used_bytes(), use.memory_total_bytes()));
  TUTTI_RETURN_IF_ERROR(CheckCount("use: gpus", use.gpus_size(), kMaxDevicesPerWorker));
  for (const v1::MachineUse::Gpu& gpu : use.gpus()) {
    if (gpu.device().size() > kMaxNameBytes || gpu.model().size() > kMaxNameBytes) {
      return InvalidArgument("use: a GPU's device and model have at most " +
                             std::to_string(kMaxNameBytes) + " bytes");
    }
    TUTTI_RETURN_IF_ERROR(CheckShare("a GPU's share", gpu.share()));
    TUTTI_RETURN_IF_ERROR(
        CheckMemory("a GPU's memory", gpu.memory_used_bytes(), gpu.memory_total_bytes()));
  }
  return {};
}

}  // namespace

Result<WorkerFrame> FromProto(const v1::WorkerFrame& from) {
  if (from.worker_id().empty() || from.worker_id().size() > kMaxNameBytes) {
    return InvalidArgument("frame: no worker_id");
  }
  TUTTI_RETURN_IF_ERROR(CheckCount("held", from.held_size(), kMaxHeldAttempts));
  TUTTI_RETURN_IF_ERROR(CheckCount("events", from.events_size(), kMaxEventsPerFrame));
  TUTTI_RETURN_IF_ERROR(CheckUse(from.use()));
  WorkerFrame frame;
  frame.worker = WorkerId{from.worker_id()};
  frame.session = from.session();
  frame.free_slots = from.free_slots();
  frame.draining = from.draining();
  if (from.has_hello()) {
    TUTTI_ASSIGN_OR_RETURN(frame.hello, ToHello(from.hello()));
  }
  for (const v1::Attempt& attempt : from.held()) {
    TUTTI_ASSIGN_OR_RETURN(const AttemptKey key, ToKey(attempt));
    frame.held.push_back(key);
  }
  for (const v1::AttemptEvent& event : from.events()) {
    TUTTI_ASSIGN_OR_RETURN(AttemptEvent converted, ToEvent(event));
    frame.events.push_back(std::move(converted));
  }
  return frame;
}

v1::CoordinatorFrame::Drop ToProto(const Drop& drop) {
  v1::CoordinatorFrame::Drop out;
  *out.mutable_attempt() = ToProto(drop.attempt);
  switch (drop.reason) {
    case DropReason::kSuperseded:
      out.set_reason(v1::CoordinatorFrame::Drop::REASON_SUPERSEDED);
      break;
    case DropReason::kCancelled:
      out.set_reason(v1::CoordinatorFrame::Drop::REASON_CANCELLED);
      break;
    case DropReason::kDrained:
      out.set_reason(v1::CoordinatorFrame::Drop::REASON_DRAINED);
      break;
  }
  return out;
}

void AppendToProto(const FrameOutcome& outcome, v1::CoordinatorFrame& frame) {
  for (const Acknowledgement& acked : outcome.acked) {
    v1::CoordinatorFrame::Acked* out = frame.add_acked();
    *out->mutable_attempt() = ToProto(acked.attempt);
    out->set_sequence(acked.sequence);
  }
  frame.set_drain(outcome.drain);
}

v1::JobKind ToProto(JobKind kind) {
  return ToTheirs(kKinds, kind);
}
v1::JobPhase ToProto(JobPhase phase) {
  return ToTheirs(kPhases, phase);
}
v1::FailureClass ToProto(FailureClass failure) {
  return ToTheirs(kFailures, failure);
}

JobPhase FromProto(v1::JobPhase phase) {
  const auto ours = ToOurs(kPhases, phase, "phase");
  return ours.ok() ? *ours : JobPhase::kBlocked;
}

v1::Attempt ToProto(const AttemptKey& attempt) {
  v1::Attempt out;
  out.set_job_id(attempt.job.value);
  out.set_attempt(attempt.attempt);
  return out;
}

v1::EpochPoint ToProto(const EpochRecord& epoch) {
  v1::EpochPoint out;
  out.set_epoch(epoch.epoch);
  out.set_train_loss(epoch.train_loss);
  out.set_train_accuracy(epoch.train_accuracy);
  out.set_val_loss(epoch.val_loss);
  out.set_val_accuracy(epoch.val_accuracy);
  out.set_seconds(epoch.seconds);
  return out;
}

v1::Artifact ToProto(const ArtifactRecord& artifact) {
  v1::Artifact out;
  out.set_name(artifact.name);
  out.set_blob_hash(artifact.blob_hash);
  out.set_size_bytes(artifact.size_bytes);
  return out;
}

v1::AttemptInfo ToProto(const AttemptRecord& attempt) {
  v1::AttemptInfo out;
  out.set_attempt(attempt.attempt);
  out.set_worker_id(attempt.worker.value);
  out.set_outcome(std::string(Name(attempt.outcome)));
  out.set_granted_at_unix_ms(ToInt(attempt.granted_at));
  out.set_started_at_unix_ms(ToInt(attempt.started_at));
  out.set_ended_at_unix_ms(ToInt(attempt.ended_at));
  if (attempt.failure) out.set_failure(ToProto(*attempt.failure));
  out.set_message(attempt.message);
  out.set_exit_code(attempt.exit_code);
  out.set_signal(attempt.signal);
  for (const std::string& line : attempt.log_tail) out.add_log_tail(line);
  out.set_device(attempt.device);
  return out;
}

v1::DatasetInfo ToProto(const DatasetRecord& dataset) {
  v1::DatasetInfo out;
  out.set_name(dataset.name);
  out.set_version(dataset.version);
  out.set_registered_at_unix_ms(ToInt(dataset.registered_at));
  out.set_tracks(dataset.tracks);
  out.mutable_classes()->Add(dataset.classes.begin(), dataset.classes.end());
  out.mutable_tracks_per_class()->Add(dataset.tracks_per_class.begin(),
                                      dataset.tracks_per_class.end());
  out.set_groups(dataset.groups);
  out.set_size_bytes(dataset.size_bytes);
  return out;
}

}  // namespace tutti
