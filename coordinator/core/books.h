// What the core keeps in memory: plain data, and look-ups over it. Who changes what stands with
// each part; everything a job's change touches is changed by JobDriver alone.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "coordinator/core/core.h"
#include "coordinator/core/digest.h"
#include "coordinator/core/job_state.h"
#include "coordinator/core/ready_queue.h"
#include "coordinator/core/records.h"
#include "coordinator/core/shard.h"
#include "coordinator/core/time_model.h"
#include "coordinator/core/worker_health.h"

namespace tutti {

inline constexpr std::size_t kJobKinds = 3;
inline std::size_t IndexOf(JobKind kind) {
  return static_cast<std::size_t>(kind);
}

// A million of these must fit beside everything else: no configuration, no text.
struct Job {
  JobId id;
  JobKind kind = JobKind::kTrain;
  SweepId sweep;             // the one that made it: its limits hold
  SweepId queue;             // the sweep for which it is done now; another one only for shards
  FeatureSetId feature_set;  // of a train job; 0: none
  float cost = 0;            // expected, in units of ExpectedCost
  TimeModel::Work work = 0;  // of a train job
  bool needs_gpu = false;
  Digest key{};
  job::State state;
  UnixMillis ready_at{};
};

struct Sweep {
  SweepRecord record;
  std::int64_t live = 0;                    // leased or running jobs done for it
  std::array<ReadyQueue, kJobKinds> ready;  // by kind
};

// Features of a dataset version under a spec. One counter, not an edge per run and shard.
struct FeatureSet {
  FeatureSetRecord record;
  std::int64_t remaining = 0;   // shards that have not succeeded
  std::int64_t failed = 0;      // of these: failed or cancelled
  std::vector<JobId> runs;      // that wait for it, or did; in id order
  std::set<SweepId> sweeps;     // of these runs
  std::size_t shard_count = 0;  // equal blocks counted once
};

struct Shard {
  ShardTracks tracks;
  std::vector<FeatureSetId> sets;  // that it is part of
};

struct Worker {
  WorkerRecord record;
  std::optional<std::int64_t> session;  // newest one seen
  bool connected = false;
  bool draining = false;        // it said so; record.drained is what somebody asked for
  std::int32_t free_slots = 0;  // as its last frame said
  std::array<bool, kJobKinds> offers{};
  std::set<AttemptKey> held;  // as its last frame said
  std::set<AttemptKey> live;  // leased or running there
  std::vector<std::string> devices;
  std::set<std::string> data_roots;
  WorkerHealth health;                             // of all that is not one of its GPUs'
  std::map<std::string, WorkerHealth> gpu_health;  // by device
  std::map<FeatureSetId, std::set<JobId>> cached;  // shards it has, as far as is known

  // Slots that nothing is on its way to.
  std::int64_t AvailableSlots() const;
};

// An attempt that may still speak: leased, running, or lost while its job has no result.
struct OpenAttempt {
  AttemptRecord row;
  // From ready to granted; nothing when it was lost before this start of the coordinator.
  std::optional<double> queued_seconds;
  std::int64_t log_bytes = 0;  // stored since this start of the coordinator

  bool IsLive() const { return row.outcome != AttemptOutcome::kLost; }
};

// Where a ready job that was tried before goes, or does not go, as long as this holds.
struct RetryPlace {
  enum class Kind { kThereFirst, kElsewhereFirst };
  Kind kind = Kind::kThereFirst;
  WorkerId worker;
  SteadyTime until;
};

// A track's content under a feature spec.
using TrackContent = std::pair<Digest, Digest>;  // spec, content

struct PendingSubmit;  // submit.cpp

struct Books {
  CoreOptions options;
  TimeModel times;
  std::unordered_map<JobId, Job> jobs;
  std::map<SweepId, Sweep> sweeps;
  std::map<FeatureSetId, FeatureSet> feature_sets;
  std::map<JobId, Shard> shards;  // by preprocess job
  std::unordered_map<Digest, JobId, DigestHash> shard_by_key;
  std::map<TrackContent, JobId> undecodable;    // and the job that said so
  std::map<std::string, std::string> datasets;  // current version by name
  std::unordered_map<Digest, JobId, DigestHash> shard_by_blob;
  std::map<JobId, RetryPlace> retry_places;                   // of ready jobs
  std::map<SweepId, std::shared_ptr<PendingSubmit>> submits;  // unfinished
  std::map<SweepId, std::vector<JobId>> left_over;  // runs of submits that broke off, in id order
  std::map<WorkerId, Worker> workers;
  std::map<AttemptKey, OpenAttempt> attempts;
  std::set<std::pair<SteadyTime, JobId>> deadlines;  // of live leases
  std::int64_t last_sweep_id = 0;
  std::int64_t last_feature_set_id = 0;
  std::int64_t last_job_id = 0;

  Job& JobOf(JobId id);  // must be there
  const Job& JobOf(JobId id) const;
  Sweep* FindSweep(const std::string& name);
  FeatureSet* FindFeatureSet(const std::string& dataset_version, const std::string& spec_hash);
  OpenAttempt* FindAttempt(const AttemptKey& key);
  // The ready queue that a job is in, or is not.
  bool IsQueued(const Job& job) const;
  void Enqueue(const Job& job);
  void Dequeue(const Job& job);
  // What a training took on a worker; runs that wait may come in another order then.
  void LearnTime(const Job& job, const AttemptRecord& attempt, double seconds);
  job::Limits LimitsOf(const Job& job) const;
  // For whom a shard is done: of the sweeps that wait for it, an active one of highest priority;
  // the one that made it where none waits.
  SweepId SponsorOf(const Job& shard_job) const;
  // kUnavailable while its submit has not ended, or is being undone.
  Status MayChange(const Sweep& sweep) const;
};

// What one call of the core stores and tells.
struct Batch {
  Moment now;
  Changes& changes;
  std::vector<Drop> drops;
  std::set<AttemptKey> touched;  // open attempts whose row is to be written at the end

  void Event(EventRecord row);
};
// Writes the rows of touched attempts.
void FlushAttempts(const Books& books, Batch& batch);

}  // namespace tutti
