#include "common/manifest.h"

#include <algorithm>

#include "common/hash.h"
#include "common/json.h"
#include "common/safe_path.h"

namespace tutti {
namespace {

constexpr std::int64_t kFormat = 1;
constexpr std::string_view kWhat = "manifest";
// A track's row: path, size, content hash, label, group, part.
constexpr std::size_t kTrackFields = 6;

Error Broken(const std::string& why) {
  return InvalidArgument(std::string(kWhat) + ": " + why);
}

bool IsPart(std::string_view part) {
  return part.empty() || part == "train" || part == "validation" || part == "test";
}

Result<ManifestTrack> ParseTrack(const Json& row, std::size_t index, std::size_t classes) {
  const std::string where = "track " + std::to_string(index);
  if (!row.is_array() || row.size() != kTrackFields || !row[0].is_string() ||
      !row[1].is_number_unsigned() || !row[2].is_string() || !row[3].is_number_unsigned() ||
      !row[4].is_string() || !row[5].is_string()) {
    return Broken(where + ": expected [path, size, content hash, label, group, part]");
  }
  ManifestTrack track;
  track.path = row[0].get<std::string>();
  track.size_bytes = row[1].get<std::uint64_t>();
  track.content_hash = row[2].get<std::string>();
  const auto label = row[3].get<std::uint64_t>();
  track.group = row[4].get<std::string>();
  track.part = row[5].get<std::string>();
  if (!IsSafeRelativePath(track.path)) {
    return Broken(where + ": the path \"" + track.path + "\" is not a plain relative path");
  }
  if (!IsSha256Hex(track.content_hash)) {
    return Broken(where + " (" + track.path + "): the content hash is no SHA-256");
  }
  if (label >= classes) {
    return Broken(where + " (" + track.path + "): label " + std::to_string(label) + " of " +
                  std::to_string(classes) + " classes");
  }
  if (!IsPart(track.part)) {
    return Broken(where + " (" + track.path + "): expected part train, validation or test, got \"" +
                  track.part + "\"");
  }
  track.label = static_cast<std::int32_t>(label);
  return track;
}

template <class T, class Projection>
bool StrictlyAscending(const std::vector<T>& items, Projection projection) {
  return std::ranges::adjacent_find(items, [&](const T& a, const T& b) {
           return !(projection(a) < projection(b));
         }) == items.end();
}

}  // namespace

std::string DumpManifest(const Manifest& manifest) {
  Json tracks = Json::array();
  for (const ManifestTrack& track : manifest.tracks) {
    tracks.push_back(
        {track.path, track.size_bytes, track.content_hash, track.label, track.group, track.part});
  }
  return DumpJson({{"format", kFormat},
                   {"classes", manifest.classes},
                   {"in_place_root", manifest.in_place_root},
                   {"tracks", std::move(tracks)}});
}

Result<Manifest> ParseManifest(std::string_view text) {
  TUTTI_ASSIGN_OR_RETURN(const Json json, ParseJson(text, kWhat));
  TUTTI_ASSIGN_OR_RETURN(const auto format, Field<std::int64_t>(json, "format", kWhat));
  if (format != kFormat) {
    return Broken("format " + std::to_string(format) + ", this release reads " +
                  std::to_string(kFormat));
  }
  Manifest manifest;
  TUTTI_ASSIGN_OR_RETURN(manifest.classes, Field<std::vector<std::string>>(json, "classes", kWhat));
  TUTTI_ASSIGN_OR_RETURN(manifest.in_place_root, Field<std::string>(json, "in_place_root", kWhat));
  if (!manifest.in_place_root.empty() && !manifest.in_place_root.starts_with('/')) {
    return Broken("in_place_root: expected an absolute path, got \"" + manifest.in_place_root +
                  "\"");
  }
  TUTTI_ASSIGN_OR_RETURN(const Json tracks, Field<Json>(json, "tracks", kWhat));
  if (!tracks.is_array() || tracks.size() > kMaxManifestTracks) {
    return Broken("expected a list of at most " + std::to_string(kMaxManifestTracks) + " tracks");
  }
  for (const Json& row : tracks) {
    TUTTI_ASSIGN_OR_RETURN(ManifestTrack track,
                           ParseTrack(row, manifest.tracks.size(), manifest.classes.size()));
    manifest.tracks.push_back(std::move(track));
  }
  if (!StrictlyAscending(manifest.classes, [](const std::string& name) { return name; })) {
    return Broken("classes are not sorted, or one stands there twice");
  }
  if (!StrictlyAscending(manifest.tracks, [](const ManifestTrack& track) { return track.path; })) {
    return Broken("tracks are not sorted by path, or one stands there twice");
  }
  return manifest;
}

}  // namespace tutti
