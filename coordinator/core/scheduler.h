// Which ready job goes to which worker.
//
// By priority; then fair share between sweeps (fewest live leases first); within a sweep
// preprocessing first, since runs wait for it, then the longest expected job. Workers with a GPU
// choose first; of those alike in this, who holds all shards of the run, then who has the most free
// slots. What a worker cannot be given, fitness.h says.
#pragma once

#include <vector>

#include "coordinator/core/books.h"
#include "coordinator/core/job_driver.h"

namespace tutti {

// Of a sweep's runs so many are looked at for one whose shards the worker holds.
inline constexpr std::size_t kLookedAtForShards = 64;

std::vector<Grant> GrantReadyJobs(Books& books, const Batch& batch, JobDriver& driver);

}  // namespace tutti
