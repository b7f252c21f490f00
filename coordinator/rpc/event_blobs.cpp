#include "coordinator/rpc/event_blobs.h"

#include <set>
#include <utility>
#include <variant>

namespace tutti {
namespace {

std::vector<std::string> BlobsNamedBy(const AttemptEvent& event) {
  std::vector<std::string> hashes;
  if (const auto* finished = std::get_if<AttemptFinished>(&event.payload)) {
    for (const ArtifactRecord& artifact : finished->artifacts) {
      hashes.push_back(artifact.blob_hash);
    }
  } else if (const auto* resume = std::get_if<AttemptResume>(&event.payload)) {
    hashes.push_back(resume->blob_hash);
  }
  return hashes;
}

}  // namespace

std::vector<std::string> BlobsNamedBy(const WorkerFrame& frame) {
  std::vector<std::string> hashes;
  for (const AttemptEvent& event : frame.events) {
    for (std::string& hash : BlobsNamedBy(event)) hashes.push_back(std::move(hash));
  }
  return hashes;
}

void ReplaceEventsWithout(const std::vector<std::string>& missing, WorkerFrame& frame) {
  const std::set<std::string> gone(missing.begin(), missing.end());
  for (AttemptEvent& event : frame.events) {
    for (const std::string& hash : BlobsNamedBy(event)) {
      if (!gone.contains(hash)) continue;
      if (std::holds_alternative<AttemptFinished>(event.payload)) {
        AttemptBroke broke;
        broke.message = "the result names the blob " + hash +
                        ", which the coordinator does not have: it is made again";
        event.payload = std::move(broke);
      } else {
        event.payload = AttemptProgress{};
      }
      break;
    }
  }
}

}  // namespace tutti
