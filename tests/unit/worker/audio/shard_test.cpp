#include "worker/audio/shard.h"

#include <numeric>

#include "common/feature_spec_hash.h"
#include "common/safetensors.h"
#include "tests/support/result_matchers.h"
#include "tests/support/temp_dir.h"

namespace tutti {
namespace {

FeatureSpec TinySpec() {
  return {.clip_seconds = 0.1, .sample_rate_hz = 8000, .n_fft = 64, .hop = 32, .n_mels = 4};
}

TEST(Shard, ReadsBackWithItsSpecAndItsContentHashes) {
  const TempDir dir;
  const FeatureSpec spec = TinySpec();
  ASSERT_EQ(ShardRowValues(spec), 4U * 26U);
  std::vector<float> rows(2 * ShardRowValues(spec));
  std::iota(rows.begin(), rows.end(), 0.0F);
  ASSERT_TRUE(IsOk(WriteShard(dir / "s", spec, {"aa", "bb"}, rows)));
  const auto file = SafetensorsFile::Open(dir / "s");
  ASSERT_TRUE(IsOk(file));
  const auto mel = (*file)->Tensor("mel");
  ASSERT_TRUE(IsOk(mel));
  EXPECT_EQ(mel->shape, (std::vector<std::int64_t>{2, 4, 26}));
  const auto floats = mel->AsFloats();
  EXPECT_EQ(std::vector<float>(floats.begin(), floats.end()), rows);
  const auto& metadata = (*file)->metadata();
  EXPECT_EQ(metadata.at("content_hashes"), R"(["aa","bb"])");
  EXPECT_EQ(metadata.at("feature_spec_hash"), FeatureSpecHash(spec));
  const auto json = ParseJson(metadata.at("feature_spec"), "spec");
  ASSERT_TRUE(IsOk(json));
  const auto read_spec = FeatureSpecFromJson(*json);
  ASSERT_TRUE(IsOk(read_spec));
  EXPECT_EQ(*read_spec, spec);
}

TEST(Shard, NoRowAtAllIsLegal) {
  const TempDir dir;
  ASSERT_TRUE(IsOk(WriteShard(dir / "s", TinySpec(), {}, {})));
  const auto file = SafetensorsFile::Open(dir / "s");
  ASSERT_TRUE(IsOk(file));
  EXPECT_EQ((*file)->Tensor("mel")->shape, (std::vector<std::int64_t>{0, 4, 26}));
  EXPECT_EQ((*file)->metadata().at("content_hashes"), "[]");
}

TEST(Shard, OneTrackByItselfHasNoTrackDimension) {
  const TempDir dir;
  const std::vector<float> row(ShardRowValues(TinySpec()), 0.5F);
  ASSERT_TRUE(IsOk(WriteFeatures(dir / "s", TinySpec(), row)));
  const auto file = SafetensorsFile::Open(dir / "s");
  ASSERT_TRUE(IsOk(file));
  EXPECT_EQ((*file)->Tensor("mel")->shape, (std::vector<std::int64_t>{4, 26}));
}

TEST(Shard, AFolderThatIsNotThereIsTheDisksTrouble) {
  const TempDir dir;
  EXPECT_TRUE(FailsWith(WriteShard(dir / "none" / "s", TinySpec(), {}, {}), ErrorCode::kUnavailable,
                        (dir / "none").string()));
}

}  // namespace
}  // namespace tutti
