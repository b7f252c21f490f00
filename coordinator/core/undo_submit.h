// A submit that broke off between two of its transactions is taken back, some runs at a time:
// nobody was told of it, and the same submit again is as if there had been none.
#pragma once

#include "coordinator/core/books.h"
#include "coordinator/core/job_driver.h"

namespace tutti {

inline constexpr std::size_t kRunsUndoneAtOnce = 1'000;

// Of a state that was loaded: which sweeps were being expanded, and with which runs.
void FindLeftOver(Books& books);
// As Core::UndoSubmits.
void UndoSomeOfSubmits(Books& books, Batch& batch, JobDriver& driver);

}  // namespace tutti
