// What a shard's change means for the feature sets that it is part of, and for the runs that wait
// for them.
#pragma once

#include "coordinator/core/books.h"
#include "coordinator/core/job_driver.h"

namespace tutti {

// A shard job's part in its feature sets' counters.
bool CountsAsRemaining(JobPhase phase);
bool CountsAsFailed(JobPhase phase);

// Takes a feature set whose shard jobs are there: counts them and links them to it.
void AddFeatureSet(Books& books, FeatureSet set);

// `shard_job` has just left the phase `before`. When the last shard of a set is there, its runs
// become ready; when one has failed for good, they fail by dependency_failed; when that one gets
// another chance, they wait again. why: what the shard's change came with, for the runs' messages.
void FollowShard(Books& books, Batch& batch, JobDriver& driver, const Job& shard_job,
                 JobPhase before, const std::string& why);

}  // namespace tutti
