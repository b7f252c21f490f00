// What people do with a worker, and what can be told of it.
#pragma once

#include "common/result.h"
#include "coordinator/core/books.h"

namespace tutti {

// Core::ChangeWorker says what it means.
Result<WorkerChangeReport> ChangeWorkerInBooks(Books& books, Batch& batch, const std::string& name,
                                               WorkerChange change);

WorkerStatus StatusOf(const WorkerId& id, const Worker& worker);

}  // namespace tutti
