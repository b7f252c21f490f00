// A dataset as a list: classes and tracks. Its text is canonical, so that its SHA-256 is the
// dataset's version.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"

namespace tutti {

inline constexpr std::size_t kMaxManifestTracks = 5'000'000;

struct ManifestTrack {
  std::string path;  // relative to the dataset's root, with '/'
  std::uint64_t size_bytes = 0;
  std::string content_hash;  // SHA-256 of the file
  std::int32_t label = 0;    // index into classes
  std::string group;         // empty: none
  std::string part;          // of a user's split file: "train", "validation", "test"; empty: none

  friend bool operator==(const ManifestTrack&, const ManifestTrack&) = default;
};

struct Manifest {
  std::vector<std::string> classes;   // sorted by bytes
  std::vector<ManifestTrack> tracks;  // sorted by path
  std::string
      in_place_root;  // files stay there (--in-place); empty: the coordinator has them as blobs

  friend bool operator==(const Manifest&, const Manifest&) = default;
};

// Canonical: equal manifests give equal bytes.
std::string DumpManifest(const Manifest& manifest);
// kInvalidArgument: not of that form, unsorted, duplicate paths, label out of range, a hash that is
// none, a path that is absolute or climbs out, too many tracks.
Result<Manifest> ParseManifest(std::string_view text);

}  // namespace tutti
