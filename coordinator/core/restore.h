// The core's memory made anew from what is stored.
#pragma once

#include "common/result.h"
#include "coordinator/core/books.h"
#include "coordinator/core/stored_state.h"

namespace tutti {

// As Core::Restore.
Result<Books> RestoreBooks(const CoreOptions& options, const StoredState& state, Moment now);

}  // namespace tutti
