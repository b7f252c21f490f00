#include "coordinator/upkeep/live_attempts.h"

#include <future>

namespace tutti {

std::optional<LiveAttempts> AskForLiveAttempts(Writer& writer) {
  LiveAttempts live;
  std::promise<bool> answered;
  writer.PostLook(
      [&live](const Core& core) {
        for (const WorkerStatus& worker : core.Workers()) {
          for (const AttemptKey& key : worker.live) {
            live[worker.id].insert({key.job, key.attempt});
          }
        }
      },
      [&answered](const Status& looked) { answered.set_value(looked.ok()); });
  if (!answered.get_future().get()) return std::nullopt;
  return live;
}

}  // namespace tutti
