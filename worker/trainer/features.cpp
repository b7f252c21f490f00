#include "worker/trainer/features.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <string>

#include "common/json.h"

namespace tutti {
namespace {

struct Shard {
  std::shared_ptr<const SafetensorsFile> file;
  std::span<const float> values;  // [tracks × n_mels × frames]
  std::int64_t tracks = 0;
  std::vector<std::string> content_hashes;
};

Error Mismatch(const std::string& what) {
  return DataLoss(what + "; the shard belongs to another run, or was damaged");
}

Result<Shard> OpenShard(const std::filesystem::path& path, const TrainJob& job,
                        std::int64_t frames) {
  Shard shard;
  TUTTI_ASSIGN_OR_RETURN(shard.file, SafetensorsFile::Open(path));
  const std::string name = "shard " + path.filename().string();
  const auto& metadata = shard.file->metadata();
  const auto hash = metadata.find("feature_spec_hash");
  if (hash == metadata.end() || hash->second != job.feature_spec_hash) {
    return Mismatch(name + ": made under feature spec " +
                    (hash == metadata.end() ? "(none)" : hash->second) + ", expected " +
                    job.feature_spec_hash);
  }
  const auto hashes = metadata.find("content_hashes");
  if (hashes == metadata.end()) return Mismatch(name + ": no content hashes");
  TUTTI_ASSIGN_OR_RETURN(const Json list, ParseJson(hashes->second, name));
  TUTTI_ASSIGN_OR_RETURN(shard.content_hashes,
                         Field<std::vector<std::string>>(Json{{"hashes", list}}, "hashes", name));
  TUTTI_ASSIGN_OR_RETURN(const TensorView mel, shard.file->Tensor("mel"));
  if (mel.type != ElementType::kF32 || mel.shape.size() != 3 ||
      mel.shape[1] != job.features.n_mels || mel.shape[2] != frames ||
      mel.shape[0] != static_cast<std::int64_t>(shard.content_hashes.size())) {
    return Mismatch(name + ": tensor mel is not [" + std::to_string(shard.content_hashes.size()) +
                    ", " + std::to_string(job.features.n_mels) + ", " + std::to_string(frames) +
                    "] float32");
  }
  shard.tracks = mel.shape[0];
  shard.values = mel.AsFloats();
  return shard;
}

Result<std::span<const float>> RowOf(const Shard& shard, const JobTrack& track, std::size_t size) {
  if (track.row < 0 || track.row >= shard.tracks) {
    return Mismatch("track " + track.path + ": row " + std::to_string(track.row) + " of " +
                    std::to_string(shard.tracks));
  }
  const auto row = static_cast<std::size_t>(track.row);
  if (!track.content_hash.empty() && shard.content_hashes[row] != track.content_hash) {
    return Mismatch("track " + track.path + ": row " + std::to_string(row) +
                    " holds another track's features");
  }
  const auto values = shard.values.subspan(row * size, size);
  if (!std::ranges::all_of(values, [](float value) { return std::isfinite(value); })) {
    return DataLoss("track " + track.path + ": a feature is NaN or infinite");
  }
  return values;
}

}  // namespace

Result<Features> Features::Open(const TrainJob& job) {
  Features features;
  features.n_mels_ = job.features.n_mels;
  features.frames_ = ClipFrames(job.features);
  const auto size = static_cast<std::size_t>(features.n_mels_ * features.frames_);
  std::map<std::filesystem::path, Shard> shards;
  for (const JobTrack& track : job.tracks) {
    auto at = shards.find(track.shard);
    if (at == shards.end()) {
      TUTTI_ASSIGN_OR_RETURN(Shard shard, OpenShard(track.shard, job, features.frames_));
      features.shards_.push_back(shard.file);
      at = shards.emplace(track.shard, std::move(shard)).first;
    }
    TUTTI_ASSIGN_OR_RETURN(const auto row, RowOf(at->second, track, size));
    features.tracks_.push_back(row);
  }
  return features;
}

}  // namespace tutti
