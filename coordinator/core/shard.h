// Blocks of tracks that are preprocessed together: how a manifest is cut, and what a preprocess job
// keeps of its block.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/feature_spec.h"
#include "common/json.h"
#include "common/manifest.h"
#include "common/result.h"
#include "coordinator/core/digest.h"
#include "coordinator/core/records.h"

namespace tutti {

// A feature spec with what names it.
struct NamedFeatureSpec {
  Json json;         // without "hash"
  std::string hash;  // FeatureSpecHash
};
NamedFeatureSpec NameFeatureSpec(const FeatureSpec& spec);

// SHA-256 over the spec's hash and the tracks' content hashes in order: equal blocks of two
// datasets are one shard.
std::string ShardKey(std::string_view spec_hash, const std::vector<std::string>& content_hashes);

// Consecutive blocks of `tracks_per_shard` tracks (the last may be shorter), in manifest order;
// block i begins at track i × tracks_per_shard.
std::vector<ShardPlan> PlanShards(const Manifest& manifest, std::string_view spec_hash,
                                  std::size_t tracks_per_shard);

// A preprocess job's configuration: {"content_hashes":[…],"feature_spec":{…},"first_track":n} and,
// of a dataset in place, "in_place_root", one compact line. first_track is the index in the
// manifest for which the job was made.
std::string ShardConfig(const Json& feature_spec, const ShardPlan& plan, std::int64_t first_track,
                        const std::string& in_place_root = "");

// What the core keeps of it.
struct ShardTracks {
  Digest spec{};
  std::int64_t first_track = 0;
  std::vector<Digest> content;  // in row order
  std::string in_place_root;    // empty: its audio comes as blobs
};
// kDataLoss: not made by ShardConfig.
Result<ShardTracks> ParseShardConfig(std::string_view config_json);

}  // namespace tutti
