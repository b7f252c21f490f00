#include "coordinator/core/run_check.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>

#include "common/split_kinds.h"
#include "coordinator/core/class_selection.h"

namespace tutti {
namespace {

constexpr std::string_view kRun = "a run";

const Json kNoOptions = Json::object();
const Json kAllClasses = "all";

const Json& Option(const Json& config, const char* key, const Json& fallback) {
  const auto found = config.find(key);
  return found == config.end() ? fallback : *found;
}

// As a person would type it: 45, 0.2.
std::string Typed(double value) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value);
  return {text.data(), end.ptr};
}

Status CheckSlice(const FeatureSpec& spec, double slice_seconds) {
  const std::string value = "slice_seconds: " + Typed(slice_seconds);
  const std::string clip = "features.clip_seconds is " + Typed(spec.clip_seconds);
  if (slice_seconds > spec.clip_seconds || SliceFrames(spec, slice_seconds) > ClipFrames(spec)) {
    return InvalidArgument(value + " is longer than a clip; expected at most the clip (" + clip +
                           ")");
  }
  const std::int64_t frames = SliceFrames(spec, slice_seconds);
  if (frames < kMinSliceFrames) {
    const double least =
        static_cast<double>(kMinSliceFrames * spec.hop) / static_cast<double>(spec.sample_rate_hz);
    return InvalidArgument(value + " gives " + std::to_string(frames) + " frames; expected " +
                           std::to_string(kMinSliceFrames) + " or more, which is " + Typed(least) +
                           " s at features.sample_rate_hz " + std::to_string(spec.sample_rate_hz) +
                           " and hop " + std::to_string(spec.hop));
  }
  return {};
}

// Two tracks of the same content may fall on both sides of a split: under `grouped` never, in a
// user's file where their parts differ or both train and validation is still to be taken from that.
Status RefuseDuplicates(std::span<const SplitTrack> tracks, SplitKind kind) {
  if (kind == SplitKind::kGrouped) return {};
  const bool by_file = kind == SplitKind::kFile;
  const bool takes_validation =
      std::ranges::find(tracks, "validation", &SplitTrack::part) == tracks.end();
  std::unordered_map<std::string_view, const SplitTrack*> seen;
  for (const SplitTrack& track : tracks) {
    if (by_file && track.part.empty()) continue;
    const auto [first, is_new] = seen.emplace(track.content_hash, &track);
    if (is_new) continue;
    const bool stay_together =
        first->second->part == track.part && !(takes_validation && track.part == "train");
    if (by_file && stay_together) continue;
    return InvalidArgument("split.duplicates: refuse, and " + std::string(first->second->path) +
                           " and " + std::string(track.path) +
                           " have the same content, which may fall on two sides; remove one, say "
                           "split.kind: grouped, or say duplicates: keep");
  }
  return {};
}

}  // namespace

Result<std::size_t> RunChecker::Check(const Json& config) {
  TUTTI_ASSIGN_OR_RETURN(const std::size_t spec,
                         CheckFeatures(Option(config, "features", kNoOptions)));
  const double no_slices = 0;  // a program of the user's own may have none
  TUTTI_ASSIGN_OR_RETURN(const double slice,
                         config.contains("runner")
                             ? FieldOr<double>(config, "slice_seconds", no_slices, kRun)
                             : Field<double>(config, "slice_seconds", kRun));
  if (slice != no_slices && !slices_.contains({spec, slice})) {
    TUTTI_RETURN_IF_ERROR(CheckSlice(specs_[spec], slice));
    slices_.insert({spec, slice});
  }
  TUTTI_RETURN_IF_ERROR(
      CheckSplit(Option(config, "split", kNoOptions), Option(config, "classes", kAllClasses)));
  return spec;
}

Result<std::size_t> RunChecker::CheckFeatures(const Json& features) {
  const auto known = spec_of_.find(features);
  if (known != spec_of_.end()) return known->second;
  Result<FeatureSpec> spec = FeatureSpecFromJson(features);
  if (!spec) return Annotate(spec.error(), "features");
  auto index = static_cast<std::size_t>(std::ranges::find(specs_, *spec) - specs_.begin());
  if (index == specs_.size()) specs_.push_back(*spec);
  spec_of_.emplace(features, index);
  return index;
}

Status RunChecker::CheckSplit(const Json& split, const Json& classes) {
  const auto passed = [&](const auto& entry) {
    return entry.first == split && entry.second == classes;
  };
  if (std::ranges::any_of(splits_, passed)) return {};

  TUTTI_ASSIGN_OR_RETURN(const ClassSelection selection, SelectClasses(manifest_, classes));
  TUTTI_ASSIGN_OR_RETURN(const std::string duplicates,
                         FieldOr<std::string>(split, "duplicates", "keep", "split"));
  // With any seed: whether it works hangs on ties between classes or the order of groups at most,
  // and such a run fails when it is leased.
  TUTTI_ASSIGN_OR_RETURN(SplitOptions options, ParseSplitOptions(split, 0));
  options.classes = selection.classes;
  const std::vector<SplitTrack> tracks =
      SplitTracksOf(manifest_, selection.tracks, selection.labels);
  if (duplicates == "refuse") TUTTI_RETURN_IF_ERROR(RefuseDuplicates(tracks, options.kind));
  if (Result<Split> parts = MakeSplit(tracks, options); !parts) {
    return Annotate(parts.error(), "split of " + std::to_string(tracks.size()) + " tracks");
  }
  splits_.emplace_back(split, classes);
  return {};
}

}  // namespace tutti
