// Retention, carried out: reads what is kept, chooses, and lets the writer mark it.
#pragma once

#include "common/clock.h"
#include "coordinator/store/reader_pool.h"
#include "coordinator/upkeep/weights_retention.h"
#include "coordinator/writer/writer.h"

namespace tutti {

// Gives how many runs' weights were given up; their blobs go with later collections. Blocks until
// the writer has answered; not for the writer's own thread.
Result<std::int64_t> ApplyRetention(const RetentionOptions& options, const Clock& clock,
                                    ReaderPool& readers, Writer& writer);

}  // namespace tutti
