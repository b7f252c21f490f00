// The events of a worker's frame, in order: each applied once, or acknowledged and forgotten.
#pragma once

#include <vector>

#include "common/result.h"
#include "coordinator/core/books.h"
#include "coordinator/core/job_driver.h"

namespace tutti {

// An attempt's messages are taken only from the worker that it was granted to. What has no open
// attempt is acknowledged, so that the worker forgets it; of a lost attempt only a complete result
// counts. kInvalidArgument: a gap in a live attempt's sequence; what stood before it was applied.
Status ApplyEvents(Books& books, Batch& batch, JobDriver& driver, const WorkerFrame& frame,
                   std::vector<Acknowledgement>& acked);

}  // namespace tutti
