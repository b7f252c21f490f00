#include "common/feature_spec.h"

#include <cmath>
#include <string_view>

namespace tutti {
namespace {

constexpr std::string_view kWhat = "feature spec";
constexpr std::string_view kNormalisation = "min_max";

template <class T>
Status CheckRange(std::string_view name, T value, T low, T high) {
  if (value >= low && value <= high) return {};
  return InvalidArgument(std::string(kWhat) + ": " + std::string(name) + ": expected " +
                         Json(low).dump() + " to " + Json(high).dump() + ", got " +
                         Json(value).dump());
}

Status CheckRanges(const FeatureSpec& spec) {
  TUTTI_RETURN_IF_ERROR(CheckRange("clip_seconds", spec.clip_seconds, 0.1, 600.0));
  TUTTI_RETURN_IF_ERROR(
      CheckRange<std::int64_t>("sample_rate_hz", spec.sample_rate_hz, 1000, 192'000));
  TUTTI_RETURN_IF_ERROR(CheckRange<std::int64_t>("n_fft", spec.n_fft, 16, 65'536));
  if (spec.n_fft % 2 != 0) {
    return InvalidArgument(std::string(kWhat) + ": n_fft: expected an even number, got " +
                           std::to_string(spec.n_fft));
  }
  TUTTI_RETURN_IF_ERROR(CheckRange<std::int64_t>("hop", spec.hop, 1, spec.n_fft));
  return CheckRange<std::int64_t>("n_mels", spec.n_mels, 1, spec.n_fft / 2);
}

}  // namespace

std::int64_t ClipSamples(const FeatureSpec& spec) {
  return std::llround(spec.clip_seconds * static_cast<double>(spec.sample_rate_hz));
}

std::int64_t ClipFrames(const FeatureSpec& spec) {
  return 1 + ClipSamples(spec) / spec.hop;
}

std::int64_t SliceFrames(const FeatureSpec& spec, double slice_seconds) {
  return static_cast<std::int64_t>(slice_seconds * static_cast<double>(spec.sample_rate_hz) /
                                   static_cast<double>(spec.hop));
}

Json ToJson(const FeatureSpec& spec) {
  return {{"spec_version", kFeatureSpecVersion},
          {"clip_seconds", spec.clip_seconds},
          {"sample_rate_hz", spec.sample_rate_hz},
          {"n_fft", spec.n_fft},
          {"hop", spec.hop},
          {"n_mels", spec.n_mels},
          {"normalisation", kNormalisation}};
}

Result<FeatureSpec> FeatureSpecFromJson(const Json& json) {
  FeatureSpec spec;
  TUTTI_ASSIGN_OR_RETURN(spec.clip_seconds,
                         FieldOr<double>(json, "clip_seconds", spec.clip_seconds, kWhat));
  TUTTI_ASSIGN_OR_RETURN(spec.sample_rate_hz,
                         FieldOr<std::int64_t>(json, "sample_rate_hz", spec.sample_rate_hz, kWhat));
  TUTTI_ASSIGN_OR_RETURN(spec.n_fft, FieldOr<std::int64_t>(json, "n_fft", spec.n_fft, kWhat));
  TUTTI_ASSIGN_OR_RETURN(spec.hop, FieldOr<std::int64_t>(json, "hop", spec.hop, kWhat));
  TUTTI_ASSIGN_OR_RETURN(spec.n_mels, FieldOr<std::int64_t>(json, "n_mels", spec.n_mels, kWhat));
  TUTTI_ASSIGN_OR_RETURN(
      const auto version,
      FieldOr<std::int64_t>(json, "spec_version", std::int64_t{kFeatureSpecVersion}, kWhat));
  TUTTI_ASSIGN_OR_RETURN(
      const auto normalisation,
      FieldOr<std::string>(json, "normalisation", std::string(kNormalisation), kWhat));
  if (version != kFeatureSpecVersion || normalisation != kNormalisation) {
    return InvalidArgument(std::string(kWhat) + ": this build makes spec_version " +
                           std::to_string(kFeatureSpecVersion) +
                           " with normalisation min_max; got " + std::to_string(version) +
                           " with " + normalisation +
                           ": use binaries of one release on coordinator and workers");
  }
  TUTTI_RETURN_IF_ERROR(CheckRanges(spec));
  return spec;
}

}  // namespace tutti
