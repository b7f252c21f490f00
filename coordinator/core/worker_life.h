// What people do with a worker, and what can be told of it.
#pragma once

#include "common/result.h"
#include "coordinator/core/books.h"
#include "coordinator/core/job_driver.h"

namespace tutti {

// Core::ChangeWorker says what it means.
Result<WorkerChangeReport> ChangeWorkerInBooks(Books& books, Batch& batch, const std::string& name,
                                               WorkerChange change);

// As Core::ForsakeWorker.
std::int32_t ForsakeWorkerInBooks(Books& books, Batch& batch, JobDriver& driver,
                                  const WorkerId& worker);

WorkerStatus StatusOf(const WorkerId& id, const Worker& worker);

}  // namespace tutti
