// A shard: the features of a block of tracks as one safetensors file.
//
// Tensor `mel` [tracks x n_mels x frames] float32, rows in the order of the job's tracks without
// those that do not decode; metadata "feature_spec" (JSON), "feature_spec_hash" and
// "content_hashes" (JSON list, one for each row).
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "common/feature_spec.h"
#include "common/result.h"

namespace tutti {

inline constexpr char kFeatureTensor[] = "mel";
inline constexpr char kFeatureSpecKey[] = "feature_spec";
inline constexpr char kFeatureSpecHashKey[] = "feature_spec_hash";
inline constexpr char kContentHashesKey[] = "content_hashes";

// Values of one row: n_mels x frames of a whole clip.
std::size_t ShardRowValues(const FeatureSpec& spec);

// Writes it atomically straight from the caller's memory, then opens it again and checks its shape.
// Requires rows.size() == content_hashes.size() * ShardRowValues(spec). Errors name the path;
// kUnavailable: the disk is full or broken.
Status WriteShard(const std::filesystem::path& path, const FeatureSpec& spec,
                  const std::vector<std::string>& content_hashes, std::span<const float> rows);

// One track's features as a file of its own: `mel` [n_mels x frames], metadata without content
// hashes. Requires row.size() == ShardRowValues(spec).
Status WriteFeatures(const std::filesystem::path& path, const FeatureSpec& spec,
                     std::span<const float> row);

}  // namespace tutti
