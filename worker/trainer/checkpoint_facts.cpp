#include "worker/trainer/checkpoint_facts.h"

#include "common/json.h"
#include "common/safetensors.h"

namespace tutti {
namespace {

constexpr double kLongestSliceSeconds = 600;  // of the longest clip

Result<std::string> Text(const CheckpointMetadata& metadata, std::string_view key) {
  const auto at = metadata.find(key);
  if (at != metadata.end() && !at->second.empty()) return at->second;
  return DataLoss("its metadata has no " + std::string(key) +
                  ": it was not written by tutti-train");
}

template <class T>
Result<T> Value(const CheckpointMetadata& metadata, const std::string& key) {
  TUTTI_ASSIGN_OR_RETURN(const std::string text, Text(metadata, key));
  TUTTI_ASSIGN_OR_RETURN(const Json json, ParseJson(text, "metadata " + key));
  return Field<T>(Json{{key, json}}, key, "metadata");
}

Status CheckRanges(const CheckpointFacts& facts) {
  if (!(facts.slice_seconds > 0) || facts.slice_seconds > kLongestSliceSeconds ||
      !(facts.overlap >= 0) || facts.overlap >= 1) {
    return DataLoss("metadata: expected slice_seconds above 0 and overlap from 0 to below 1, got " +
                    Json(facts.slice_seconds).dump() + " and " + Json(facts.overlap).dump());
  }
  if (facts.classes.empty()) return DataLoss("metadata: classes: expected at least one, got none");
  return {};
}

WeightsOrigin OriginOf(const CheckpointMetadata& metadata) {
  const auto text = [&](std::string_view key) {
    const auto at = metadata.find(key);
    return at == metadata.end() ? std::string() : at->second;
  };
  return {text("feature_spec_hash"), text("dataset_version")};
}

Result<CheckpointFacts> Read(const std::filesystem::path& path) {
  TUTTI_ASSIGN_OR_RETURN(const auto file, SafetensorsFile::Open(path));
  const CheckpointMetadata& metadata = file->metadata();
  CheckpointFacts facts;
  TUTTI_ASSIGN_OR_RETURN(facts.model, Text(metadata, "model"));
  TUTTI_ASSIGN_OR_RETURN(facts.classes, Value<std::vector<std::string>>(metadata, "classes"));
  TUTTI_ASSIGN_OR_RETURN(facts.slice_seconds, Value<double>(metadata, "slice_seconds"));
  TUTTI_ASSIGN_OR_RETURN(facts.overlap, Value<double>(metadata, "overlap"));
  TUTTI_ASSIGN_OR_RETURN(const Json spec, Value<Json>(metadata, "feature_spec"));
  TUTTI_ASSIGN_OR_RETURN(facts.features, FeatureSpecFromJson(spec));
  facts.origin = OriginOf(metadata);
  TUTTI_ASSIGN_OR_RETURN(facts.origin.feature_spec_hash, Text(metadata, "feature_spec_hash"));
  TUTTI_RETURN_IF_ERROR(CheckRanges(facts));
  return facts;
}

}  // namespace

CheckpointMetadata MetadataOf(const TrainJob& job, std::int64_t epoch) {
  return {{"format", "pt"},
          {"model", job.model},
          {"classes", DumpJson(Json(job.classes))},
          {"slice_seconds", Json(job.slice_seconds).dump()},
          {"overlap", Json(job.training.overlap).dump()},
          {"feature_spec", DumpJson(ToJson(job.features))},
          {"feature_spec_hash", job.feature_spec_hash},
          {"dataset_version", job.dataset_version},
          {"seed", std::to_string(job.seed)},
          {"epoch", std::to_string(epoch)}};
}

Result<WeightsOrigin> ReadWeightsOrigin(const std::filesystem::path& path) {
  TUTTI_ASSIGN_OR_RETURN(const auto file, SafetensorsFile::Open(path));
  return OriginOf(file->metadata());
}

Status CheckOrigin(const std::filesystem::path& checkpoint, const WeightsOrigin& got,
                   const WeightsOrigin& expected) {
  const auto same = [&](const std::string& what, const std::string& has,
                        const std::string& wanted) -> Status {
    if (has.empty() || wanted.empty() || has == wanted) return {};
    return DataLoss("checkpoint " + checkpoint.string() + ": its weights were trained under " +
                    what + " " + has + ", expected " + wanted);
  };
  TUTTI_RETURN_IF_ERROR(same("feature spec", got.feature_spec_hash, expected.feature_spec_hash));
  return same("dataset version", got.dataset_version, expected.dataset_version);
}

Result<CheckpointFacts> ReadCheckpointFacts(const std::filesystem::path& path) {
  Result<CheckpointFacts> facts = Read(path);
  if (facts.ok() || facts.error().code == ErrorCode::kNotFound) return facts;
  // Whatever is wrong with it is wrong with the file, not with the job that names it.
  return DataLoss("checkpoint " + path.string() + ": " + facts.error().message);
}

}  // namespace tutti
