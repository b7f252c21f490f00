// Reads a job's situation out of the books.
#pragma once

#include "common/result.h"
#include "coordinator/core/books.h"
#include "coordinator/core/situation.h"

namespace tutti {

// kNotFound: no such job.
Result<JobSituation> DescribeSituation(const Books& books, JobId id, SteadyTime now);

}  // namespace tutti
