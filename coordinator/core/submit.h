// A sweep comes in: what of it is new, what may not change, which jobs it makes.
//
// The same file again changes nothing. A shard whose job failed or was cancelled is made ready
// again when a submit adds runs that need it: who submits new work wants it tried.
#pragma once

#include "common/result.h"
#include "coordinator/core/books.h"
#include "coordinator/core/job_driver.h"

namespace tutti {

// As Core::Submit. On an error, and in a dry run, nothing was changed.
Result<SubmitReport> SubmitToBooks(Books& books, Batch& batch, JobDriver& driver,
                                   const SubmitSweep& submit);
// As Core::ContinueSubmit.
Result<SubmitReport> ContinueSubmitToBooks(Books& books, Batch& batch, JobDriver& driver,
                                           SweepId sweep, std::size_t jobs_at_once);

}  // namespace tutti
