#include "tests/unit/worker/trainer/tiny_job.h"

#include <random>
#include <span>

#include "common/check.h"
#include "common/feature_spec_hash.h"
#include "common/safetensors.h"

namespace tutti {
namespace {

constexpr std::int64_t kTracks = 12;

std::string ContentHash(std::int64_t track) {
  return "hash-of-" + std::to_string(track);
}

}  // namespace

FeatureSpec TinyFeatures() {
  FeatureSpec spec;
  spec.clip_seconds = 2;
  return spec;
}

std::vector<float> TinySpectrograms(std::int64_t tracks) {
  const FeatureSpec spec = TinyFeatures();
  std::mt19937 random(7);
  std::vector<float> values;
  for (std::int64_t track = 0; track < tracks; ++track) {
    for (std::int64_t mel = 0; mel < spec.n_mels; ++mel) {
      const bool loud = (mel < spec.n_mels / 2) == (track % 2 == 0);
      for (std::int64_t frame = 0; frame < ClipFrames(spec); ++frame) {
        const float noise = 0.2F * static_cast<float>(random() % 1000) / 1000.0F;
        values.push_back(loud ? 0.8F + noise : noise);
      }
    }
  }
  return values;
}

void WriteTinyShard(const std::filesystem::path& path, const std::vector<float>& values,
                    std::int64_t tracks, const std::string& spec_hash) {
  const FeatureSpec spec = TinyFeatures();
  Json hashes = Json::array();
  for (std::int64_t track = 0; track < tracks; ++track) hashes.push_back(ContentHash(track));
  const TensorView mel{
      ElementType::kF32, {tracks, spec.n_mels, ClipFrames(spec)}, std::as_bytes(std::span(values))};
  const Status written =
      WriteSafetensors(path, {{"mel", mel}},
                       {{"feature_spec_hash", spec_hash}, {"content_hashes", DumpJson(hashes)}});
  TUTTI_CHECK(written.ok(), written.ok() ? "" : written.error().message);
}

Json MakeTinyJob(const std::filesystem::path& folder, const TinyJob& options) {
  const FeatureSpec spec = TinyFeatures();
  const std::filesystem::path shard = folder / "shard.safetensors";
  WriteTinyShard(shard, TinySpectrograms(kTracks), kTracks, FeatureSpecHash(spec));
  Json tracks = Json::array();
  for (std::int64_t track = 0; track < kTracks; ++track) {
    tracks.push_back({{"id", track},
                      {"path", "song" + std::to_string(track) + ".wav"},
                      {"label", track % 2},
                      {"content_hash", ContentHash(track)},
                      {"shard", shard},
                      {"row", track}});
  }
  Json feature_spec = ToJson(spec);
  feature_spec["hash"] = FeatureSpecHash(spec);
  return {
      {"v", 1},
      {"kind", "train"},
      {"job", "J1"},
      {"attempt", 1},
      {"config",
       {{"model", options.model},
        {"slice_seconds", 1},
        {"seed", options.seed},
        {"training",
         {{"epochs", options.epochs},
          {"patience", options.patience},
          {"batch_size", 4},
          {"overlap", 0.5},
          {"learning_rate", options.learning_rate}}},
        {"protocol", "correct"},
        {"keep_weights", "best"}}},
      {"feature_spec", feature_spec},
      {"dataset", {{"version", "v1"}, {"classes", {"low", "high"}}}},
      {"tracks", tracks},
      {"split", {{"train", {0, 1, 2, 3, 4, 5, 6, 7}}, {"validation", {8, 9}}, {"test", {10, 11}}}},
      {"output_dir", folder},
      {"threads", 1},
      {"device", "cpu"}};
}

}  // namespace tutti
