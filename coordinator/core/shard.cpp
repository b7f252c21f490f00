#include "coordinator/core/shard.h"

#include <algorithm>
#include <utility>

#include "common/check.h"
#include "common/feature_spec_hash.h"
#include "common/hash.h"

namespace tutti {

NamedFeatureSpec NameFeatureSpec(const FeatureSpec& spec) {
  Json json = ToJson(spec);
  return {std::move(json), FeatureSpecHash(spec)};
}

std::string ShardKey(std::string_view spec_hash, const std::vector<std::string>& content_hashes) {
  Sha256 hash;
  hash.Update(spec_hash);
  for (const std::string& content : content_hashes) {
    hash.Update("\n");
    hash.Update(content);
  }
  return hash.FinishHex();
}

std::vector<ShardPlan> PlanShards(const Manifest& manifest, std::string_view spec_hash,
                                  std::size_t tracks_per_shard) {
  TUTTI_CHECK(tracks_per_shard > 0, "a shard needs at least one track");
  std::vector<ShardPlan> plans;
  const auto& tracks = manifest.tracks;
  for (std::size_t begin = 0; begin < tracks.size(); begin += tracks_per_shard) {
    ShardPlan plan;
    const std::size_t end = std::min(tracks.size(), begin + tracks_per_shard);
    for (std::size_t i = begin; i < end; ++i) plan.content_hashes.push_back(tracks[i].content_hash);
    plan.key = ShardKey(spec_hash, plan.content_hashes);
    plans.push_back(std::move(plan));
  }
  return plans;
}

std::string ShardConfig(const Json& feature_spec, const ShardPlan& plan, std::int64_t first_track,
                        const std::string& in_place_root) {
  Json config = {{"feature_spec", feature_spec},
                 {"content_hashes", plan.content_hashes},
                 {"first_track", first_track}};
  if (!in_place_root.empty()) config["in_place_root"] = in_place_root;
  return DumpJson(config);
}

namespace {

Result<ShardTracks> Parse(std::string_view config_json) {
  constexpr std::string_view kWhat = "a preprocess job's configuration";
  TUTTI_ASSIGN_OR_RETURN(const Json config, ParseJson(config_json, kWhat));
  TUTTI_ASSIGN_OR_RETURN(const Json spec, Field<Json>(config, "feature_spec", kWhat));
  TUTTI_ASSIGN_OR_RETURN(const auto hashes,
                         Field<std::vector<std::string>>(config, "content_hashes", kWhat));
  ShardTracks tracks;
  TUTTI_ASSIGN_OR_RETURN(tracks.first_track, Field<std::int64_t>(config, "first_track", kWhat));
  TUTTI_ASSIGN_OR_RETURN(tracks.in_place_root,
                         FieldOr<std::string>(config, "in_place_root", "", kWhat));
  tracks.spec = *DigestFromHex(Sha256Hex(DumpJson(spec)));
  tracks.content.reserve(hashes.size());
  for (const std::string& hash : hashes) {
    const auto digest = DigestFromHex(hash);
    if (!digest) return InvalidArgument("\"" + hash + "\" is no SHA-256 of 64 hex digits");
    tracks.content.push_back(*digest);
  }
  return tracks;
}

}  // namespace

Result<ShardTracks> ParseShardConfig(std::string_view config_json) {
  Result<ShardTracks> tracks = Parse(config_json);
  if (!tracks) return DataLoss(tracks.error().message);
  return tracks;
}

}  // namespace tutti
