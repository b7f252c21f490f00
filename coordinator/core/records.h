// What the store keeps: plain rows. The core makes them, the store writes and reads them, nobody
// else invents them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/clock.h"
#include "common/ids.h"
#include "coordinator/core/job_kinds.h"

namespace tutti {

// A dataset's name and its current version (SHA-256 of its manifest, which is a blob of that hash).
struct DatasetRecord {
  std::string name;
  std::string version;
  UnixMillis registered_at{};
  std::int64_t tracks = 0;
  std::int64_t groups = 0;
  std::int64_t size_bytes = 0;
  std::vector<std::string> classes;
  std::vector<std::int64_t> tracks_per_class;

  friend bool operator==(const DatasetRecord&, const DatasetRecord&) = default;
};

// What a submit that has not ended has added so far; nobody was told of it.
struct Expansion {
  JobId after;                         // runs of the sweep above this one are the submit's
  std::optional<SweepState> before{};  // how the sweep was; none: the submit made it

  friend bool operator==(const Expansion&, const Expansion&) = default;
};

struct SweepRecord {
  SweepId id;
  std::string name;
  std::string dataset;          // empty: a sweep of commands without one
  std::string dataset_version;  // fixed at the first submit
  std::string source;           // the sweep file as last submitted
  std::string spec_json;        // SweepSpec as normalised, for diffs
  std::int64_t priority = 0;
  std::int64_t max_attempts = 3;
  std::int64_t time_limit_ms = 0;  // 0: none
  UnixMillis created_at{};
  SweepState state = SweepState::kActive;
  std::optional<Expansion> expansion{};  // of a kExpanding one

  friend bool operator==(const SweepRecord&, const SweepRecord&) = default;
};

// Features of one dataset version under one feature spec: an ordered list of shards, shared by all
// sweeps.
struct FeatureSetRecord {
  FeatureSetId id;
  std::string dataset_version;
  std::string spec_json;  // without "hash"
  std::string spec_hash;
  std::vector<JobId> shard_jobs;  // in the order of the manifest's blocks

  friend bool operator==(const FeatureSetRecord&, const FeatureSetRecord&) = default;
};

// The tracks of one shard, in row order before undecodable ones are left out. `first_track` … are
// indices in the manifest of the feature set for which the job was made; another dataset version
// may hold the same block elsewhere.
struct ShardPlan {
  std::string key;  // SHA-256 of (spec hash, content hashes)
  std::vector<std::string> content_hashes;

  friend bool operator==(const ShardPlan&, const ShardPlan&) = default;
};

struct UndecodableRecord {
  std::string content_hash;
  std::string spec_hash;
  JobId job;
  std::string message;

  friend bool operator==(const UndecodableRecord&, const UndecodableRecord&) = default;
};

// Failures that count against a job's limits.
struct FailureTally {
  std::int32_t counted = 0;      // out_of_memory, crashed, timed_out
  std::int32_t worker_lost = 0;  // attempts that had started

  friend bool operator==(const FailureTally&, const FailureTally&) = default;
};

struct JobRecord {
  JobId id;
  JobKind kind = JobKind::kTrain;
  SweepId sweep;                            // the one that made it
  std::optional<FeatureSetId> feature_set;  // of a train job: what it waits for
  std::string key;  // train: the run's key, there once in its sweep; preprocess: the shard's, there
                    // once
  std::string config_json;  // train: the run's configuration; preprocess:
                            // {"feature_spec":…,"content_hashes":[…]}
  JobPhase phase = JobPhase::kBlocked;
  AttemptNumber last_attempt = 0;
  std::optional<WorkerId> worker;  // of a leased or running job
  std::optional<FailureClass> failure;
  std::string message;  // why it failed
  FailureTally tally;
  UnixMillis created_at{};
  UnixMillis ready_at{};  // since when it could run; 0: not yet

  friend bool operator==(const JobRecord&, const JobRecord&) = default;
};

struct AttemptRecord {
  JobId job;
  AttemptNumber attempt = 0;
  WorkerId worker;
  AttemptOutcome outcome = AttemptOutcome::kLeased;
  std::int64_t last_sequence = 0;  // of the last applied event
  UnixMillis granted_at{};
  UnixMillis started_at{};  // 0: not yet
  UnixMillis ended_at{};    // 0: not yet
  std::optional<FailureClass> failure;
  std::string message;
  std::int32_t exit_code = -1;
  std::int32_t signal = 0;
  std::vector<std::string> log_tail;
  std::string device;  // "cpu", "cuda:0"; empty: not known

  friend bool operator==(const AttemptRecord&, const AttemptRecord&) = default;
};

struct PredictionRecord {
  std::int64_t track_id = 0;
  std::int32_t label = 0;
  std::int32_t predicted = 0;
  std::vector<std::int32_t> votes;

  friend bool operator==(const PredictionRecord&, const PredictionRecord&) = default;
};

struct ArtifactRecord {
  std::string name;
  std::string blob_hash;
  std::int64_t size_bytes = 0;
  UnixMillis removed_at{};  // by retention: nobody keeps the blob any more; 0: not

  friend bool operator==(const ArtifactRecord&, const ArtifactRecord&) = default;
};

// The one accepted result of a job.
struct ResultRecord {
  JobId job;
  AttemptNumber attempt = 0;
  UnixMillis accepted_at{};
  std::map<std::string, double> metrics;
  std::map<std::string, double>
      timings_seconds;  // with "queued" and "fetch" beside the runner's own
  std::map<std::string, std::string> environment;
  std::vector<PredictionRecord> predictions;
  std::vector<ArtifactRecord> artifacts;

  friend bool operator==(const ResultRecord&, const ResultRecord&) = default;
};

struct EpochRecord {
  JobId job;
  AttemptNumber attempt = 0;
  std::int32_t epoch = 0;
  double train_loss = 0;
  double train_accuracy = 0;
  double val_loss = 0;
  double val_accuracy = 0;
  double seconds = 0;

  friend bool operator==(const EpochRecord&, const EpochRecord&) = default;
};

// What the next attempt at a job can go on from.
struct ResumeRecord {
  JobId job;
  AttemptNumber attempt = 0;  // that wrote it
  std::string blob_hash;
  std::int64_t size_bytes = 0;
  std::int32_t epoch = 0;  // after which it goes on

  friend bool operator==(const ResumeRecord&, const ResumeRecord&) = default;
};

// Lines that an attempt's runner printed, as they arrived together.
struct LogRecord {
  JobId job;
  AttemptNumber attempt = 0;
  std::int64_t first = 1;  // number of the first line; 1 for the attempt's first
  std::vector<std::string> lines;

  friend bool operator==(const LogRecord&, const LogRecord&) = default;
};

struct WorkerRecord {
  WorkerId id;
  std::string name;
  std::string host;
  std::string version;
  std::int32_t slots = 0;
  std::int32_t cores = 0;
  UnixMillis first_seen{};
  UnixMillis last_seen{};
  bool drained = false;  // somebody wants it to take no more work

  friend bool operator==(const WorkerRecord&, const WorkerRecord&) = default;
};

enum class Role {
  kAdmin,
  kReader,
  kEnrol,
  kWorker,
  kInvited
};  // kEnrol: may become a worker; kWorker: is one; kInvited: may take what its invite grants
std::string_view Name(Role role);
std::optional<Role> ParseRole(std::string_view name);

struct TokenRecord {
  std::string token_hash;  // SHA-256 of the token; the token itself is never stored
  Role role = Role::kReader;
  std::string name;                // profile name, or the worker's
  std::optional<WorkerId> worker;  // of a kWorker token
  UnixMillis created_at{};
  // Of a kInvited token: what its holder becomes, and until when.
  std::optional<Role> grants{};
  UnixMillis expires_at{};  // 0: never

  friend bool operator==(const TokenRecord&, const TokenRecord&) = default;
};

// One line of the append-only log that people follow; the store numbers it.
struct EventRecord {
  std::int64_t number = 0;
  UnixMillis at{};
  std::string kind;  // "sweep_submitted", "attempt_granted", "result_accepted", …
  std::optional<SweepId> sweep;
  std::optional<JobId> job;
  AttemptNumber attempt = 0;
  std::optional<WorkerId> worker;
  std::string detail;

  friend bool operator==(const EventRecord&, const EventRecord&) = default;
};

}  // namespace tutti
