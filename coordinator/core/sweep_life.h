// What a person does with a sweep that is there: cancel, pause, resume, retry, change its priority,
// delete it; and cancel one job.
#pragma once

#include <string>

#include "common/result.h"
#include "coordinator/core/books.h"
#include "coordinator/core/job_driver.h"

namespace tutti {

// As Core::ChangeSweep. On an error nothing was changed.
Result<SweepChangeReport> ChangeSweepInBooks(Books& books, Batch& batch, JobDriver& driver,
                                             const std::string& name, const SweepChange& change);
// As Core::CancelJob.
Status CancelJobInBooks(Books& books, Batch& batch, JobDriver& driver, JobId id);

// Takes runs that are not live out of the books and the store, with all that was told about them.
void RemoveRuns(Books& books, Batch& batch, const std::vector<JobId>& runs);

// Its priority, its state, or a new sweep that waits for a shard may change for whom the shard is
// done.
void RequeueShards(Books& books, SweepId sweep);
// Failed and cancelled shards of the set get another chance.
void RetryShards(Books& books, JobDriver& driver, FeatureSetId set);

}  // namespace tutti
