// The tracks that a run is about: those whose class its option `classes` names.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "common/json.h"
#include "common/manifest.h"
#include "common/result.h"
#include "common/split_kinds.h"

namespace tutti {

struct ClassSelection {
  std::vector<std::string> classes;  // in the manifest's order (by name), whatever the option's
  std::vector<std::int64_t> tracks;  // indices in the manifest, ascending
  std::vector<std::int32_t> labels;  // of each of `tracks`, indices into `classes`
};

// option: "all" or a list of names. kInvalidArgument: a class that the dataset does not have, one
// named twice, fewer than two, or another type.
Result<ClassSelection> SelectClasses(const Manifest& manifest, const Json& option);

// What decides on a track's side of a split. tracks: indices in the manifest; labels: one each. The
// manifest must outlive them.
std::vector<SplitTrack> SplitTracksOf(const Manifest& manifest,
                                      std::span<const std::int64_t> tracks,
                                      std::span<const std::int32_t> labels);

}  // namespace tutti
