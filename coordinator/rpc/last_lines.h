// What an attempt printed last, as far as its worker had told it.
#pragma once

#include <string>
#include <vector>

#include "coordinator/store/store.h"

namespace tutti {

// At most 100 lines.
Result<std::vector<std::string>> LastLines(JobId job, AttemptNumber attempt, StoreReader& reader);

}  // namespace tutti
