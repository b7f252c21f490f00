// What runs now, asked of the writer.
#pragma once

#include <optional>

#include "coordinator/blobs/blob_keeper.h"
#include "coordinator/writer/writer.h"

namespace tutti {

// Nothing where the writer cannot tell. Blocks until the writer has answered; not for the writer's
// own thread.
std::optional<LiveAttempts> AskForLiveAttempts(Writer& writer);

}  // namespace tutti
