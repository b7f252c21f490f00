// Replies built from a store's snapshot, sorted: nothing here changes anything.
#pragma once

#include <map>
#include <string>

#include "common/result.h"
#include "coordinator/core/core.h"
#include "coordinator/rpc/manifest_cache.h"
#include "coordinator/store/store.h"
#include "tutti/v1/sweep.pb.h"

namespace tutti {

Result<v1::SweepInfo> ViewSweep(const SweepRecord& sweep, StoreReader& reader);

// The whole answer of GetSweep: progress, running jobs, tracks left out.
Status ViewSweepDetails(const SweepRecord& sweep, StoreReader& reader, ManifestCache& manifests,
                        v1::GetSweepResponse& response);

// Of a sweep that has ended: what ViewRemainingTime told, or would have, after a quarter, half and
// three quarters of its time, made from the times that its rows hold. Reads every epoch.
Status ViewPastEstimates(const SweepRecord& sweep, StoreReader& reader,
                         v1::GetSweepResponse& response);

// How long the sweep still takes; nothing is set while nothing can be told.
Status ViewRemainingTime(const SweepRecord& sweep, StoreReader& reader,
                         v1::GetSweepResponse& response);

// What all attempts at the sweep's jobs took until now. Reads every attempt.
Status ViewBusyTime(const SweepRecord& sweep, UnixMillis now, StoreReader& reader,
                    v1::GetSweepResponse& response);

// kNotFound, listing what there is: no result has the metric that is asked for.
Status ViewTable(const SweepRecord& sweep, const v1::GetTableRequest& request, StoreReader& reader,
                 ManifestCache& manifests, v1::GetTableResponse& response);

Result<v1::JobInfo> ViewJob(const JobRecord& job, StoreReader& reader);
// The same of one of many: its sweep is known. Of a job that nobody has begun nothing is read.
Result<v1::JobInfo> ViewJobOf(const SweepRecord& sweep, const JobRecord& job, StoreReader& reader);
Status ViewJobDetails(JobId id, StoreReader& reader, ManifestCache& manifests,
                      v1::GetJobResponse& response);
// A page of what an attempt's runner printed. kNotFound: no such job or attempt.
Status ViewLog(const v1::GetLogRequest& request, StoreReader& reader, v1::GetLogResponse& response);

// A page of the log. kNotFound: no such sweep.
Status ViewEvents(const v1::ListEventsRequest& request, StoreReader& reader,
                  v1::ListEventsResponse& response);

// status: what the core knows of each worker now.
Status ViewWorkers(const std::vector<WorkerStatus>& status, UnixMillis now, StoreReader& reader,
                   v1::ListWorkersResponse& response);

}  // namespace tutti
