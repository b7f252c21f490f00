#include "worker/daemon/track_errors.h"

namespace tutti {

Status AddTrackErrors(const v1::Lease& lease, std::map<std::int64_t, std::string> errors,
                      v1::Finished& finished) {
  for (const auto& track : lease.tracks()) {
    const auto found = errors.find(track.id());
    if (found == errors.end()) continue;
    v1::TrackError& error = *finished.add_track_errors();
    error.set_track_id(track.id());
    error.set_content_hash(track.content_hash());
    error.set_message(found->second);
    errors.erase(found);
  }
  if (errors.empty()) return {};
  return InvalidArgument("the runner told an error of track " +
                         std::to_string(errors.begin()->first) + ", which is not in its job");
}

}  // namespace tutti
