#include "worker/audio/shard.h"

#include <cstdint>
#include <map>
#include <utility>

#include "common/check.h"
#include "common/feature_spec_hash.h"
#include "common/json.h"
#include "common/safetensors.h"

namespace tutti {
namespace {

using Metadata = std::map<std::string, std::string, std::less<>>;

Metadata SpecMetadata(const FeatureSpec& spec) {
  return {{kFeatureSpecKey, DumpJson(ToJson(spec))}, {kFeatureSpecHashKey, FeatureSpecHash(spec)}};
}

Status ReadBack(const std::filesystem::path& path, const std::vector<std::int64_t>& shape) {
  TUTTI_ASSIGN_OR_RETURN(const auto file, SafetensorsFile::Open(path));
  TUTTI_ASSIGN_OR_RETURN(const TensorView mel, file->Tensor(kFeatureTensor));
  if (mel.type != ElementType::kF32 || mel.shape != shape) {
    return DataLoss(path.string() + ": tensor mel has another shape than was written");
  }
  return {};
}

// Every failure here is the disk's: another try, perhaps elsewhere, may go well.
Status Write(const std::filesystem::path& path, const Metadata& metadata,
             std::vector<std::int64_t> shape, std::span<const float> values) {
  TensorView view{ElementType::kF32, shape, std::as_bytes(values)};
  Status written = WriteSafetensors(path, {{kFeatureTensor, std::move(view)}}, metadata);
  if (written.ok()) written = ReadBack(path, shape);
  if (written.ok()) return {};
  return Unavailable("write features: " + written.error().message);
}

}  // namespace

std::size_t ShardRowValues(const FeatureSpec& spec) {
  return static_cast<std::size_t>(spec.n_mels * ClipFrames(spec));
}

Status WriteShard(const std::filesystem::path& path, const FeatureSpec& spec,
                  const std::vector<std::string>& content_hashes, std::span<const float> rows) {
  TUTTI_CHECK(rows.size() == content_hashes.size() * ShardRowValues(spec),
              "another number of rows than of content hashes");
  Metadata metadata = SpecMetadata(spec);
  metadata[kContentHashesKey] = DumpJson(Json(content_hashes));
  const auto tracks = static_cast<std::int64_t>(content_hashes.size());
  return Write(path, metadata, {tracks, spec.n_mels, ClipFrames(spec)}, rows);
}

Status WriteFeatures(const std::filesystem::path& path, const FeatureSpec& spec,
                     std::span<const float> row) {
  TUTTI_CHECK(row.size() == ShardRowValues(spec), "another number of values than of features");
  return Write(path, SpecMetadata(spec), {spec.n_mels, ClipFrames(spec)}, row);
}

}  // namespace tutti
