// What an attempt's end says of the worker, or the GPU, that it ran on; worker_health.h has the
// rules.
#pragma once

#include "coordinator/core/books.h"

namespace tutti {

// Of an attempt that has just been closed. Appends events where a place is set aside or comes back.
void JudgeWorker(Books& books, Batch& batch, const AttemptRecord& attempt);

// All that is set aside there or on trial.
std::vector<SetAside> SetAsideOf(const Worker& worker);

// The GPUs that a worker's hello names, each with what is known of it.
void TakeDevices(Worker& worker, const std::vector<std::string>& devices);

}  // namespace tutti
