// Where the coordinator's state survives: one writer, many readers.
//
// A store never makes time or ids. The memory store and the SQLite store pass the same contract
// suite (tests/unit/coordinator/store).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "coordinator/core/changes.h"
#include "coordinator/core/digest.h"
#include "coordinator/core/records.h"
#include "coordinator/core/stored_state.h"

namespace tutti {

struct PhaseCount {
  JobPhase phase = JobPhase::kBlocked;
  std::int64_t jobs = 0;

  friend bool operator==(const PhaseCount&, const PhaseCount&) = default;
};

struct JobFilter {
  std::optional<SweepId> sweep{};
  std::optional<JobKind> kind{};
  std::vector<JobPhase> phases{};  // none: all
  JobId after{};                   // ids above this
  std::int64_t limit = 1000;       // 0 or less: nothing
};

// What rows name of the blob store; the same may be there more than once.
struct NamedBlobs {
  std::vector<Digest> blobs;
  // Manifests that are named together with the files of all their tracks.
  std::vector<Digest> dataset_versions;

  friend bool operator==(const NamedBlobs&, const NamedBlobs&) = default;
};

// Of whom a blob was that retention has given up.
struct RemovedArtifact {
  JobId job;
  std::string name;
  UnixMillis removed_at{};

  friend bool operator==(const RemovedArtifact&, const RemovedArtifact&) = default;
};

// A consistent view of the committed state. Used by one thread at a time; many readers may live at
// once, and none waits for the writer or holds it up. Single rows: kNotFound, naming what was asked
// for.
class StoreReader {
 public:
  virtual ~StoreReader() = default;

  virtual Result<std::vector<DatasetRecord>> Datasets() = 0;  // by name
  virtual Result<DatasetRecord> Dataset(std::string_view name) = 0;
  virtual Result<std::vector<SweepRecord>> Sweeps() = 0;  // by id
  virtual Result<SweepRecord> Sweep(std::string_view name) = 0;
  virtual Result<SweepRecord> Sweep(SweepId id) = 0;
  virtual Result<std::vector<PhaseCount>> CountRuns(SweepId sweep) = 0;  // train and command jobs
  virtual Result<FeatureSetRecord> FeatureSet(FeatureSetId id) = 0;
  virtual Result<std::vector<FeatureSetRecord>> FeatureSetsOf(
      SweepId sweep) = 0;  // that its runs wait for
  virtual Result<std::vector<JobRecord>> Jobs(const JobFilter& filter) = 0;  // by id
  virtual Result<JobRecord> Job(JobId id) = 0;
  virtual Result<std::vector<AttemptRecord>> Attempts(JobId job) = 0;  // by number
  virtual Result<ResultRecord> ResultOf(JobId job) = 0;
  // Results of a sweep's runs without predictions, by job id: what tables are made of.
  virtual Result<std::vector<ResultRecord>> ResultsOf(SweepId sweep) = 0;
  virtual Result<std::vector<EpochRecord>> Epochs(JobId job, AttemptNumber attempt) = 0;
  // Of the newest attempt that has one.
  virtual Result<std::optional<EpochRecord>> LastEpoch(JobId job) = 0;
  virtual Result<std::optional<ResumeRecord>> Resume(JobId job) = 0;
  // Rows that hold a line with a number above `after`, in order, at most `limit` rows.
  virtual Result<std::vector<LogRecord>> Log(JobId job, AttemptNumber attempt, std::int64_t after,
                                             std::int64_t limit) = 0;
  // Verdicts under this feature spec, by content hash.
  virtual Result<std::vector<UndecodableRecord>> Undecodable(std::string_view spec_hash) = 0;
  virtual Result<std::vector<WorkerRecord>> Workers() = 0;  // by name, then id
  virtual Result<TokenRecord> Token(std::string_view token_hash) = 0;
  virtual Result<std::vector<TokenRecord>> Tokens() = 0;  // by name
  virtual Result<std::vector<EventRecord>> Events(std::int64_t after, std::int64_t limit) = 0;
  // The reply remembered for a client's call; nothing when it is new.
  virtual Result<std::optional<std::string>> RememberedReply(std::string_view request_id) = 0;
  // The first job whose artifact this was; nothing: no such one was removed. Reads every result.
  virtual Result<std::optional<tutti::RemovedArtifact>> RemovedArtifact(
      std::string_view blob_hash) = 0;
  // Of one snapshot. kDataLoss: a row names a blob by what is no SHA-256.
  virtual Result<tutti::NamedBlobs> NamedBlobs() = 0;
};

// Commit and Load are called by the writer thread alone; OpenReader by any.
class Store {
 public:
  virtual ~Store() = default;

  // All changes in one durable transaction, or none. kResourceExhausted: disk full. kDataLoss: I/O
  // error. kFailedPrecondition: a change breaks a constraint (a programmer's error told without
  // ending the process).
  virtual Status Commit(const Changes& changes) = 0;
  virtual Result<StoredState> Load() = 0;
  virtual Result<std::unique_ptr<StoreReader>> OpenReader() = 0;
};

}  // namespace tutti
