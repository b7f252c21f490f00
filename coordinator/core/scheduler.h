// Which ready job goes to which worker.
//
// By priority; then fair share between sweeps (fewest live leases first); within a sweep
// preprocessing first, since runs wait for it, then the longest expected job. Jobs go to the worker
// with the most free slots that offers their kind.
#pragma once

#include <vector>

#include "coordinator/core/books.h"
#include "coordinator/core/job_driver.h"

namespace tutti {

std::vector<Grant> GrantReadyJobs(Books& books, const Batch& batch, JobDriver& driver);

}  // namespace tutti
