#include "coordinator/upkeep/named_files.h"

#include <algorithm>

#include "common/manifest.h"

namespace tutti {
namespace {

void SortUnique(std::vector<Digest>& digests) {
  std::ranges::sort(digests);
  const auto repeats = std::ranges::unique(digests);
  digests.erase(repeats.begin(), repeats.end());
}

}  // namespace

Result<std::vector<Digest>> FilesNamedBy(const NamedBlobs& rows, const BlobStore& blobs) {
  std::vector<Digest> versions = rows.dataset_versions;
  SortUnique(versions);
  std::vector<Digest> named = rows.blobs;
  named.insert(named.end(), versions.begin(), versions.end());
  for (const Digest& version : versions) {
    const std::string what = "manifest of dataset version " + ToHex(version);
    const Result<std::string> text = blobs.Read(ToHex(version));
    if (!text.ok()) return Annotate(text.error(), what);
    const Result<Manifest> manifest = ParseManifest(*text);
    if (!manifest.ok()) return Annotate(manifest.error(), what);
    if (!manifest->in_place_root.empty()) continue;
    for (const ManifestTrack& track : manifest->tracks) {
      if (const auto digest = DigestFromHex(track.content_hash)) named.push_back(*digest);
    }
  }
  SortUnique(named);
  return named;
}

}  // namespace tutti
