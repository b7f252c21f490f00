// What one batch of decisions writes: the store applies all of it in one transaction, or nothing.
#pragma once

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "coordinator/core/records.h"

namespace tutti {

// Rows with a key are written whole (inserted, or replaced where the key is there already); the key
// stands behind each.
struct PutDataset {
  DatasetRecord row;
};  // name
// OK where there is none. Its blobs are not this one's to remove.
struct RemoveDataset {
  std::string name;
};
struct PutSweep {
  SweepRecord row;
};  // id
struct PutFeatureSet {
  FeatureSetRecord row;
};  // id
struct PutJob {
  JobRecord row;
};  // id
// Only what changes while a job lives, so that a state change does not rewrite its configuration.
struct UpdateJob {
  JobId id;
  JobPhase phase = JobPhase::kBlocked;
  AttemptNumber last_attempt = 0;
  std::optional<WorkerId> worker;
  std::optional<FailureClass> failure;
  std::string message;
  FailureTally tally;
  UnixMillis ready_at{};
  SweepId sweep{};  // for who looks at changes: it does not change
};
// The job of a run, and all that was stored of it.
struct RemoveRun {
  JobId id;
  SweepId sweep{};  // likewise
};
struct PutAttempt {
  AttemptRecord row;
};  // (job, attempt)
struct PutResult {
  ResultRecord row;
};  // job
// Its row stays and tells when; the blob is named no more. OK where there is none.
struct MarkArtifactRemoved {
  JobId job;
  std::string name;
  UnixMillis at{};
};
struct PutEpoch {
  EpochRecord row;
};  // (job, attempt, epoch)
struct PutLog {
  LogRecord row;
};  // (job, attempt, first)
struct PutResume {
  ResumeRecord row;
};  // job
// OK where there is none.
struct RemoveResume {
  JobId job;
};
struct PutUndecodable {
  UndecodableRecord row;
};  // (content_hash, spec_hash)
struct PutWorker {
  WorkerRecord row;
};  // id
struct PutToken {
  TokenRecord row;
};  // token_hash
// OK where there is none.
struct RemoveToken {
  std::string token_hash;
};
struct AppendEvent {
  EventRecord row;
};  // numbered by the store
// Which client call this was and what it was answered; a repeat within 24 h is answered the same.
struct RememberRequest {
  std::string request_id;
  std::string reply;
  UnixMillis at{};
};

using Change = std::variant<PutDataset, RemoveDataset, PutSweep, PutFeatureSet, PutJob, UpdateJob,
                            RemoveRun, PutAttempt, PutResult, MarkArtifactRemoved, PutEpoch, PutLog,
                            PutResume, RemoveResume, PutUndecodable, PutWorker, PutToken,
                            RemoveToken, AppendEvent, RememberRequest>;

// In the order in which they are to be applied.
using Changes = std::vector<Change>;

}  // namespace tutti
