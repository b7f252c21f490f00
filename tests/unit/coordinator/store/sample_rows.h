// Rows to store, every field filled so that a forgotten column shows. `mark` makes rows of one key
// differ.
#pragma once

#include <string>

#include "coordinator/core/changes.h"

namespace tutti::sample {

inline constexpr SweepId kSweep{1};
inline constexpr FeatureSetId kFeatureSet{1};
inline constexpr JobId kShardJob{1};
inline constexpr JobId kTrainJob{2};
inline const WorkerId kWorker{"11111111-2222-4333-8444-555555555555"};

DatasetRecord Dataset(const std::string& name, std::int64_t mark = 0);
SweepRecord Sweep(SweepId id, std::int64_t mark = 0);
FeatureSetRecord FeatureSet(FeatureSetId id, std::vector<JobId> shard_jobs);
JobRecord ShardJob(JobId id, SweepId sweep = kSweep);
// Ready, waiting for no features.
JobRecord TrainJob(JobId id, SweepId sweep = kSweep);
JobRecord CommandJob(JobId id, SweepId sweep = kSweep);
UpdateJob Update(JobId id, JobPhase phase);
AttemptRecord Attempt(JobId job, AttemptNumber attempt,
                      AttemptOutcome outcome = AttemptOutcome::kRunning);
ResultRecord Result(JobId job, AttemptNumber attempt, std::int64_t mark = 0);
EpochRecord Epoch(JobId job, AttemptNumber attempt, std::int32_t epoch);
UndecodableRecord Undecodable(const std::string& content_hash, const std::string& spec_hash,
                              JobId job = kShardJob);
WorkerRecord Worker(const WorkerId& id, const std::string& name);
TokenRecord Token(const std::string& token_hash, const std::string& name);
EventRecord Event(const std::string& kind);

// Sweep 1 with feature set 1 (its one shard is job 1) and the train job 2, which waits for it.
Changes SmallSweep();

}  // namespace tutti::sample
