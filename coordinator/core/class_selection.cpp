#include "coordinator/core/class_selection.h"

#include <algorithm>
#include <utility>

namespace tutti {
namespace {

// Which of the manifest's classes are named.
Result<std::vector<bool>> Named(const std::vector<std::string>& classes, const Json& option) {
  if (option == Json("all")) return std::vector<bool>(classes.size(), true);
  std::vector<std::string> names;
  if (!json_internal::Read(option, names) || names.size() < 2) {
    return InvalidArgument("classes: expected all, or a list of two or more class names; got " +
                           DumpJson(option));
  }
  std::vector<bool> named(classes.size(), false);
  for (const std::string& name : names) {
    const auto found = std::ranges::find(classes, name);
    if (found == classes.end()) {
      return InvalidArgument("classes: the dataset has no class \"" + name + "\"; it has " +
                             DumpJson(classes));
    }
    const auto index = static_cast<std::size_t>(found - classes.begin());
    if (named[index]) return InvalidArgument("classes: \"" + name + "\" is named twice");
    named[index] = true;
  }
  return named;
}

}  // namespace

Result<ClassSelection> SelectClasses(const Manifest& manifest, const Json& option) {
  TUTTI_ASSIGN_OR_RETURN(const std::vector<bool> named, Named(manifest.classes, option));
  ClassSelection selection;
  std::vector<std::int32_t> label_of(manifest.classes.size(), -1);
  for (std::size_t i = 0; i < named.size(); ++i) {
    if (!named[i]) continue;
    label_of[i] = static_cast<std::int32_t>(selection.classes.size());
    selection.classes.push_back(manifest.classes[i]);
  }
  for (std::size_t i = 0; i < manifest.tracks.size(); ++i) {
    const std::int32_t label = label_of[static_cast<std::size_t>(manifest.tracks[i].label)];
    if (label < 0) continue;
    selection.tracks.push_back(static_cast<std::int64_t>(i));
    selection.labels.push_back(label);
  }
  return selection;
}

std::vector<SplitTrack> SplitTracksOf(const Manifest& manifest,
                                      std::span<const std::int64_t> tracks,
                                      std::span<const std::int32_t> labels) {
  std::vector<SplitTrack> all;
  all.reserve(tracks.size());
  for (std::size_t i = 0; i < tracks.size(); ++i) {
    const ManifestTrack& track = manifest.tracks[static_cast<std::size_t>(tracks[i])];
    all.push_back({labels[i], track.group, track.content_hash, track.part, track.path});
  }
  return all;
}

}  // namespace tutti
