#include "coordinator/core/run_check.h"

#include <array>
#include <charconv>
#include <unordered_map>
#include <utility>

#include "common/split.h"
#include "coordinator/core/class_selection.h"

namespace tutti {
namespace {

constexpr std::string_view kRun = "a run";

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

// Two tracks of the same content may fall on both sides of a split.
Status RefuseDuplicates(const Manifest& manifest) {
  std::unordered_map<std::string_view, const ManifestTrack*> seen;
  for (const ManifestTrack& track : manifest.tracks) {
    const auto [first, is_new] = seen.emplace(track.content_hash, &track);
    if (is_new) continue;
    return InvalidArgument("split.duplicates: refuse, and " + first->second->path + " and " +
                           track.path +
                           " have the same content; remove one, or say duplicates: keep");
  }
  return {};
}

}  // namespace

Result<FeatureSpec> RunChecker::Check(const Json& config) {
  TUTTI_ASSIGN_OR_RETURN(FeatureSpec spec, CheckFeatures(config));
  TUTTI_RETURN_IF_ERROR(CheckSplit(config));
  return spec;
}

Result<FeatureSpec> RunChecker::CheckFeatures(const Json& config) {
  TUTTI_ASSIGN_OR_RETURN(const Json features,
                         FieldOr<Json>(config, "features", Json::object(), kRun));
  const std::string text = DumpJson(features);
  auto known = features_.find(text);
  if (known == features_.end()) {
    Result<FeatureSpec> spec = FeatureSpecFromJson(features);
    if (!spec) return Annotate(spec.error(), "features");
    known = features_.emplace(text, *spec).first;
  }
  TUTTI_ASSIGN_OR_RETURN(const double slice, Field<double>(config, "slice_seconds", kRun));
  std::string passed = text + DumpJson(slice);
  if (!slices_.contains(passed)) {
    TUTTI_RETURN_IF_ERROR(CheckSlice(known->second, slice));
    slices_.insert(std::move(passed));
  }
  return known->second;
}

Status RunChecker::CheckSplit(const Json& config) {
  TUTTI_ASSIGN_OR_RETURN(const Json split, FieldOr<Json>(config, "split", Json::object(), kRun));
  TUTTI_ASSIGN_OR_RETURN(const Json classes, FieldOr<Json>(config, "classes", "all", kRun));
  std::string passed = DumpJson(split) + DumpJson(classes);
  if (splits_.contains(passed)) return {};

  TUTTI_ASSIGN_OR_RETURN(const ClassSelection selection, SelectClasses(manifest_, classes));
  TUTTI_ASSIGN_OR_RETURN(const std::string kind,
                         FieldOr<std::string>(split, "kind", "stratified", "split"));
  if (kind != "stratified") {
    return InvalidArgument("split.kind: this version splits stratified only; got \"" + kind + "\"");
  }
  TUTTI_ASSIGN_OR_RETURN(const std::string duplicates,
                         FieldOr<std::string>(split, "duplicates", "keep", "split"));
  if (duplicates == "refuse") TUTTI_RETURN_IF_ERROR(RefuseDuplicates(manifest_));
  StratifiedOptions options;
  TUTTI_ASSIGN_OR_RETURN(options.test, FieldOr(split, "test", options.test, "split"));
  TUTTI_ASSIGN_OR_RETURN(options.validation,
                         FieldOr(split, "validation", options.validation, "split"));
  // With any seed: whether it works hangs on ties between classes at most, and such a run fails
  // when it is leased.
  if (Result<Split> parts = StratifiedSplit(selection.labels, options); !parts) {
    return Annotate(parts.error(),
                    "split of " + std::to_string(selection.labels.size()) + " tracks");
  }
  splits_.insert(std::move(passed));
  return {};
}

}  // namespace tutti
