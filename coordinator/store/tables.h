// What can be written to and read from the tables, by noun: one .cpp each. Callers hold the
// transaction. Meanings and orders are those of store.h; a damaged row is kDataLoss.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "coordinator/core/changes.h"
#include "coordinator/core/stored_state.h"
#include "coordinator/store/sqlite_connection.h"
#include "coordinator/store/store.h"

namespace tutti {

// dataset_table.cpp
Status Write(SqliteConnection& connection, const PutDataset& change);
Status Write(SqliteConnection& connection, const RemoveDataset& change);
Result<std::vector<DatasetRecord>> ReadDatasets(SqliteConnection& connection);
Result<DatasetRecord> ReadDataset(SqliteConnection& connection, std::string_view name);

// sweep_table.cpp
Status Write(SqliteConnection& connection, const PutSweep& change);
Result<std::vector<SweepRecord>> ReadSweeps(SqliteConnection& connection);
Result<SweepRecord> ReadSweep(SqliteConnection& connection, std::string_view name);
Result<SweepRecord> ReadSweep(SqliteConnection& connection, SweepId id);

// feature_set_table.cpp
Status Write(SqliteConnection& connection, const PutFeatureSet& change);
Result<std::vector<FeatureSetRecord>> ReadFeatureSets(SqliteConnection& connection);
Result<FeatureSetRecord> ReadFeatureSet(SqliteConnection& connection, FeatureSetId id);
Result<std::vector<FeatureSetRecord>> ReadFeatureSetsOf(SqliteConnection& connection,
                                                        SweepId sweep);

// job_table.cpp
Status Write(SqliteConnection& connection, const PutJob& change);
// kFailedPrecondition: no such job.
Status Write(SqliteConnection& connection, const UpdateJob& change);
// kFailedPrecondition: no such job, or one that others build on (a shard).
Status Write(SqliteConnection& connection, const RemoveRun& change);
// The highest number ever given, also of jobs that were removed.
Result<std::int64_t> ReadLastJobId(SqliteConnection& connection);
Result<std::vector<JobRecord>> ReadAllJobs(SqliteConnection& connection);
Result<std::vector<JobRecord>> ReadJobs(SqliteConnection& connection, const JobFilter& filter);
Result<JobRecord> ReadJob(SqliteConnection& connection, JobId id);
Result<std::vector<PhaseCount>> CountRuns(SqliteConnection& connection, SweepId sweep);

// attempt_table.cpp
Status Write(SqliteConnection& connection, const PutAttempt& change);
Result<std::vector<AttemptRecord>> ReadAttempts(SqliteConnection& connection, JobId job);
// As StoredState::live_attempts says.
Result<std::vector<AttemptRecord>> ReadLiveAttempts(SqliteConnection& connection);

// result_table.cpp
Status Write(SqliteConnection& connection, const PutResult& change);
Status Write(SqliteConnection& connection, const MarkArtifactRemoved& change);
Result<std::optional<RemovedArtifact>> ReadRemovedArtifact(SqliteConnection& connection,
                                                           std::string_view blob_hash);
Result<ResultRecord> ReadResult(SqliteConnection& connection, JobId job);
Result<std::vector<ResultRecord>> ReadResultsOf(SqliteConnection& connection, SweepId sweep);
// By job.
Result<std::vector<StoredShard>> ReadShards(SqliteConnection& connection);
Result<std::vector<StoredPace>> ReadPaces(SqliteConnection& connection);

// epoch_table.cpp
Status Write(SqliteConnection& connection, const PutEpoch& change);
Result<std::vector<EpochRecord>> ReadEpochs(SqliteConnection& connection, JobId job,
                                            AttemptNumber attempt);
Result<std::optional<EpochRecord>> ReadLastEpoch(SqliteConnection& connection, JobId job);

// resume_table.cpp
Status Write(SqliteConnection& connection, const PutResume& change);
Status Write(SqliteConnection& connection, const RemoveResume& change);
Result<std::optional<ResumeRecord>> ReadResume(SqliteConnection& connection, JobId job);

// log_table.cpp
Status Write(SqliteConnection& connection, const PutLog& change);
Result<std::vector<LogRecord>> ReadLog(SqliteConnection& connection, JobId job,
                                       AttemptNumber attempt, std::int64_t after,
                                       std::int64_t limit);

// undecodable_table.cpp
Status Write(SqliteConnection& connection, const PutUndecodable& change);
Result<std::vector<UndecodableRecord>> ReadUndecodable(SqliteConnection& connection,
                                                       std::string_view spec_hash);
Result<std::vector<UndecodableRecord>> ReadAllUndecodable(SqliteConnection& connection);

// worker_table.cpp
Status Write(SqliteConnection& connection, const PutWorker& change);
Result<std::vector<WorkerRecord>> ReadWorkers(SqliteConnection& connection);

// token_table.cpp
Status Write(SqliteConnection& connection, const PutToken& change);
Status Write(SqliteConnection& connection, const RemoveToken& change);
Result<TokenRecord> ReadToken(SqliteConnection& connection, std::string_view token_hash);
Result<std::vector<TokenRecord>> ReadTokens(SqliteConnection& connection);

// event_table.cpp
Status Write(SqliteConnection& connection, const AppendEvent& change);
Result<std::vector<EventRecord>> ReadEvents(SqliteConnection& connection, std::int64_t after,
                                            std::int64_t limit);

// named_blobs.cpp
Result<NamedBlobs> ReadNamedBlobs(SqliteConnection& connection);

// request_table.cpp
Status Write(SqliteConnection& connection, const RememberRequest& change);
Result<std::optional<std::string>> ReadRememberedReply(SqliteConnection& connection,
                                                       std::string_view request_id);

}  // namespace tutti
