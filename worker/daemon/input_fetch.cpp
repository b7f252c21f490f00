#include "worker/daemon/input_fetch.h"

#include <utility>

#include <spdlog/spdlog.h>

#include "common/rpc/job_line.h"
#include "worker/daemon/in_place_source.h"

namespace tutti {
namespace {

// Where each blob of a job lies on this machine's disks, if it does.
std::map<std::string, InPlaceSource::Track> TracksInPlace(const v1::Lease& lease) {
  std::map<std::string, InPlaceSource::Track> tracks;
  for (const auto& track : lease.tracks()) {
    tracks.try_emplace(
        track.content_hash(),
        InPlaceSource::Track{track.path(), static_cast<std::uint64_t>(track.size_bytes())});
  }
  return tracks;
}

bool IsGone(const Error& error) {
  return error.code == ErrorCode::kNotFound || error.code == ErrorCode::kDataLoss;
}

}  // namespace

Result<std::shared_ptr<InputPins>> FetchInputs(const v1::Lease& lease, BlobCache& cache,
                                               BlobTransport& blobs, const DataRoots& roots,
                                               const std::atomic<bool>& stopped) {
  const std::string& root = lease.dataset().in_place_root();
  const bool in_place = lease.kind() == v1::JOB_KIND_PREPROCESS && !root.empty();
  const auto folder = roots.FolderOf(root);
  std::map<std::string, InPlaceSource::Track> tracks;
  if (in_place && folder.ok()) tracks = TracksInPlace(lease);

  auto pins = std::make_shared<InputPins>();
  const auto fetch = [&](const std::string& hash) -> Result<BlobCache::Pin> {
    const auto track = tracks.find(hash);
    if (track == tracks.end()) return cache.Get(hash, blobs);
    InPlaceSource source(*folder, track->second);
    return cache.Get(hash, source);
  };
  for (const std::string& hash : InputHashes(lease)) {
    if (stopped) return Error{ErrorCode::kCancelled, "stopped"};
    auto pin = fetch(hash);
    // Without the file of an earlier attempt this one starts from the first epoch.
    if (!pin.ok() && hash == lease.resume().blob_hash() && IsGone(pin.error())) {
      spdlog::warn("resume file: {}", pin.error().message);
      continue;
    }
    const bool nowhere = !pin.ok() && pin.error().code == ErrorCode::kNotFound;
    if (nowhere && in_place && !folder.ok()) return folder.error();
    if (!pin.ok()) return pin.error();
    pins->emplace(hash, *std::move(pin));
  }
  return pins;
}

}  // namespace tutti
