#include "tests/unit/coordinator/store/sample_rows.h"

#include "common/hash.h"

namespace tutti::sample {

DatasetRecord Dataset(const std::string& name, std::int64_t mark) {
  return {.name = name,
          .version = Sha256Hex("version-" + std::to_string(mark)),
          .registered_at = UnixMillis{1000 + mark},
          .tracks = 10 + mark,
          .groups = 3,
          .size_bytes = 1LL << 40,
          .classes = {"blues", "hip \"hop\"", "größe"},
          .tracks_per_class = {4, 3, 3 + mark}};
}

SweepRecord Sweep(SweepId id, std::int64_t mark) {
  return {.id = id,
          .name = "sweep-" + std::to_string(id.value),
          .dataset = "gtzan",
          .dataset_version = Sha256Hex("version-0"),
          .source = "name: x\ngrid: {seed: [1]}\n# " + std::to_string(mark),
          .spec_json = R"({"mark":)" + std::to_string(mark) + "}",
          .priority = 5 + mark,
          .max_attempts = 3 + mark,
          .time_limit_ms = 3'600'000,
          .created_at = UnixMillis{2000 + mark},
          .state = mark % 2 == 0 ? SweepState::kActive : SweepState::kPaused};
}

FeatureSetRecord FeatureSet(FeatureSetId id, std::vector<JobId> shard_jobs) {
  return {.id = id,
          .dataset_version = Sha256Hex("version-0"),
          .spec_json = R"({"n_mels":128})",
          .spec_hash = "spec-" + std::to_string(id.value),
          .shard_jobs = std::move(shard_jobs)};
}

namespace {

JobRecord Job(JobId id, JobKind kind, SweepId sweep) {
  return {.id = id,
          .kind = kind,
          .sweep = sweep,
          .feature_set = std::nullopt,
          .key = "key-" + std::to_string(id.value),
          .config_json = R"({"job":)" + std::to_string(id.value) + "}",
          .phase = JobPhase::kReady,
          .last_attempt = 2,
          .worker = std::nullopt,
          .failure = FailureClass::kOutOfMemory,
          .message = "the card was full",
          .tally = {.counted = 1, .worker_lost = 2},
          .created_at = UnixMillis{3000 + id.value},
          .ready_at = UnixMillis{4000 + id.value}};
}

}  // namespace

JobRecord ShardJob(JobId id, SweepId sweep) {
  return Job(id, JobKind::kPreprocess, sweep);
}

JobRecord TrainJob(JobId id, SweepId sweep) {
  return Job(id, JobKind::kTrain, sweep);
}

JobRecord CommandJob(JobId id, SweepId sweep) {
  return Job(id, JobKind::kCommand, sweep);
}

UpdateJob Update(JobId id, JobPhase phase) {
  return {.id = id,
          .phase = phase,
          .last_attempt = 7,
          .worker = kWorker,
          .failure = FailureClass::kWorkerLost,
          .message = "updated",
          .tally = {.counted = 3, .worker_lost = 4},
          .ready_at = UnixMillis{5000}};
}

AttemptRecord Attempt(JobId job, AttemptNumber attempt, AttemptOutcome outcome) {
  return {.job = job,
          .attempt = attempt,
          .worker = kWorker,
          .outcome = outcome,
          .last_sequence = 12 + attempt,
          .granted_at = UnixMillis{6000},
          .started_at = UnixMillis{6001},
          .ended_at = UnixMillis{6002},
          .failure = FailureClass::kCrashed,
          .message = "signal 11",
          .exit_code = -1,
          .signal = 11,
          .log_tail = {"first line", "", "last \\ line"},
          .device = "cuda:1"};
}

ResultRecord Result(JobId job, AttemptNumber attempt, std::int64_t mark) {
  return {.job = job,
          .attempt = attempt,
          .accepted_at = UnixMillis{7000 + mark},
          .metrics = {{"f1_macro", 0.1 + static_cast<double>(mark)}, {"epochs", 17}},
          .timings_seconds = {{"queued", 1e-3}, {"train_seconds", 1.0 / 3}},
          .environment = {{"host", "h"}, {"libtorch", "2.13.0"}},
          .predictions = {{.track_id = 17, .label = 0, .predicted = 1, .votes = {3, 8}},
                          {.track_id = 1LL << 33, .label = 1, .predicted = 1, .votes = {}}},
          .artifacts = {{.name = "best", .blob_hash = Sha256Hex("bb"), .size_bytes = 1LL << 35},
                        {.name = "a-last", .blob_hash = Sha256Hex("aa"), .size_bytes = mark}}};
}

EpochRecord Epoch(JobId job, AttemptNumber attempt, std::int32_t epoch) {
  return {.job = job,
          .attempt = attempt,
          .epoch = epoch,
          .train_loss = 1.0 / epoch,
          .train_accuracy = 0.25,
          .val_loss = 1e300,
          .val_accuracy = 0.125,
          .seconds = 2.5};
}

UndecodableRecord Undecodable(const std::string& content_hash, const std::string& spec_hash,
                              JobId job) {
  return {.content_hash = content_hash,
          .spec_hash = spec_hash,
          .job = job,
          .message = "no audio stream in " + content_hash};
}

WorkerRecord Worker(const WorkerId& id, const std::string& name) {
  return {.id = id,
          .name = name,
          .host = "host-of-" + name,
          .version = "0.1.0",
          .slots = 2,
          .cores = 16,
          .first_seen = UnixMillis{8000},
          .last_seen = UnixMillis{8001},
          .drained = true};
}

TokenRecord Token(const std::string& token_hash, const std::string& name) {
  return {.token_hash = token_hash,
          .role = Role::kWorker,
          .name = name,
          .worker = kWorker,
          .created_at = UnixMillis{9000},
          .grants = Role::kReader,
          .expires_at = UnixMillis{9500}};
}

EventRecord Event(const std::string& kind) {
  return {.number = 0,
          .at = UnixMillis{10'000},
          .kind = kind,
          .sweep = kSweep,
          .job = kTrainJob,
          .attempt = 1,
          .worker = kWorker,
          .detail = "detail of " + kind};
}

Changes SmallSweep() {
  JobRecord train = TrainJob(kTrainJob);
  train.feature_set = kFeatureSet;
  train.phase = JobPhase::kBlocked;
  return {PutSweep{Sweep(kSweep)}, PutFeatureSet{FeatureSet(kFeatureSet, {kShardJob})},
          PutJob{ShardJob(kShardJob)}, PutJob{train}};
}

}  // namespace tutti::sample
