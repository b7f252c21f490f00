#include "worker/audio/job.h"

#include <string>
#include <utility>

#include "common/feature_spec_hash.h"
#include "common/json.h"

namespace tutti {
namespace {

constexpr std::string_view kWhat = "job";

Result<FeatureSpec> ParseSpec(const Json& job) {
  TUTTI_ASSIGN_OR_RETURN(const Json json, Field<Json>(job, "feature_spec", kWhat));
  TUTTI_ASSIGN_OR_RETURN(const FeatureSpec spec, FeatureSpecFromJson(json));
  const std::string own_hash = FeatureSpecHash(spec);
  TUTTI_ASSIGN_OR_RETURN(const auto hash, FieldOr<std::string>(json, "hash", own_hash, kWhat));
  if (hash != own_hash) {
    return InvalidArgument("job: feature_spec: its hash is " + hash + ", here it would be " +
                           own_hash + ": use binaries of one release on coordinator and workers");
  }
  return spec;
}

Result<std::vector<PreprocessTrack>> ParseTracks(const Json& job) {
  TUTTI_ASSIGN_OR_RETURN(const auto items, Field<std::vector<Json>>(job, "tracks", kWhat));
  if (items.size() > kMaxJobTracks) {
    return InvalidArgument("job: tracks: expected at most " + std::to_string(kMaxJobTracks) +
                           ", got " + std::to_string(items.size()));
  }
  std::vector<PreprocessTrack> tracks;
  tracks.reserve(items.size());
  for (const Json& item : items) {
    const std::string what = "job: track " + std::to_string(tracks.size());
    PreprocessTrack track;
    TUTTI_ASSIGN_OR_RETURN(track.id, Field<std::int64_t>(item, "id", what));
    TUTTI_ASSIGN_OR_RETURN(const auto audio, Field<std::string>(item, "audio", what));
    TUTTI_ASSIGN_OR_RETURN(track.content_hash, Field<std::string>(item, "content_hash", what));
    track.audio = audio;
    tracks.push_back(std::move(track));
  }
  return tracks;
}

}  // namespace

Result<PreprocessJob> ParsePreprocessJob(std::string_view line) {
  TUTTI_ASSIGN_OR_RETURN(const Json json, ParseJson(line, kWhat));
  TUTTI_ASSIGN_OR_RETURN(const auto kind, Field<std::string>(json, "kind", kWhat));
  if (kind != "preprocess") {
    return InvalidArgument("job: kind: tutti-preprocess runs \"preprocess\", got \"" + kind + "\"");
  }
  PreprocessJob job;
  TUTTI_ASSIGN_OR_RETURN(job.spec, ParseSpec(json));
  TUTTI_ASSIGN_OR_RETURN(job.tracks, ParseTracks(json));
  TUTTI_ASSIGN_OR_RETURN(const auto output_dir, Field<std::string>(json, "output_dir", kWhat));
  job.output_dir = output_dir;
  TUTTI_ASSIGN_OR_RETURN(job.threads, FieldOr<std::int64_t>(json, "threads", job.threads, kWhat));
  if (job.threads < 1 || job.threads > kMaxPreprocessThreads) {
    return InvalidArgument("job: threads: expected 1 to " + std::to_string(kMaxPreprocessThreads) +
                           ", got " + std::to_string(job.threads));
  }
  return job;
}

}  // namespace tutti
