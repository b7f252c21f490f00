// An explanation of a job or a sweep: what the core says of it now, what the store tells of its
// past, put into words by coordinator/core/explain.h.
#pragma once

#include <optional>

#include "common/result.h"
#include "coordinator/core/core.h"
#include "coordinator/store/store.h"
#include "tutti/v1/sweep.pb.h"

namespace tutti {

struct JobFacts {
  JobSituation situation;
  // Of a run that waits for features or failed by them: the preprocess job that it is about.
  std::optional<JobSituation> shard;
};

// kNotFound: no such job.
Result<JobFacts> FactsOf(const Core& core, JobId id, SteadyTime now);

Status ViewJobExplanation(const JobFacts& facts, StoreReader& reader,
                          v1::ExplainResponse& response);

// waiting: a run of it that waits; nothing: none does.
Status ViewSweepExplanation(const SweepRecord& sweep, const std::optional<JobFacts>& waiting,
                            StoreReader& reader, v1::ExplainResponse& response);

// The run of the sweep whose waiting explains that of the others: a ready one, else a blocked one.
Result<std::optional<JobId>> WaitingRunOf(const SweepRecord& sweep, StoreReader& reader);

}  // namespace tutti
