#include "worker/trainer/features.h"

#include <limits>

#include <gtest/gtest.h>

#include "common/feature_spec_hash.h"
#include "tests/support/result_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/worker/trainer/tiny_job.h"

namespace tutti {
namespace {

class FeaturesTest : public testing::Test {
 protected:
  Result<Features> Open(const Json& line) {
    auto job = ParseTrainJob(line);
    EXPECT_TRUE(IsOk(job));
    return Features::Open(*job);
  }

  TempDir folder_;
  Json line_ = MakeTinyJob(folder_.path());
  std::string hash_ = FeatureSpecHash(TinyFeatures());
};

TEST_F(FeaturesTest, GivesEachTrackItsRow) {
  line_["tracks"][0]["row"] = 2;
  line_["tracks"][0]["content_hash"] = "hash-of-2";
  const auto features = Open(line_);
  ASSERT_TRUE(IsOk(features));
  EXPECT_EQ(features->n_mels(), 128);
  EXPECT_EQ(features->frames(), 87);
  const std::vector<float> values = TinySpectrograms(12);
  const std::size_t size = 128 * 87;
  EXPECT_EQ(features->Of(0)[5], values[2 * size + 5]);
  EXPECT_EQ(features->Of(11)[size - 1], values[12 * size - 1]);
}

TEST_F(FeaturesTest, AShardOfAnotherSpecIsRefused) {
  WriteTinyShard(folder_ / "shard.safetensors", TinySpectrograms(12), 12, "another");
  EXPECT_TRUE(FailsWith(Open(line_), ErrorCode::kDataLoss, "made under feature spec another"));
}

TEST_F(FeaturesTest, AnotherTracksRowIsRefused) {
  line_["tracks"][3]["row"] = 4;
  EXPECT_TRUE(FailsWith(Open(line_), ErrorCode::kDataLoss,
                        "track song3.wav: row 4 holds another track's features"));
  line_["tracks"][3]["row"] = 12;
  EXPECT_TRUE(FailsWith(Open(line_), ErrorCode::kDataLoss, "track song3.wav: row 12 of 12"));
}

TEST_F(FeaturesTest, AValueThatIsNoNumberIsRefusedByTrack) {
  std::vector<float> values = TinySpectrograms(12);
  values[5 * 128 * 87 + 3] = std::numeric_limits<float>::quiet_NaN();
  WriteTinyShard(folder_ / "shard.safetensors", values, 12, hash_);
  EXPECT_TRUE(FailsWith(Open(line_), ErrorCode::kDataLoss, "track song5.wav: a feature is NaN"));
}

TEST_F(FeaturesTest, AShardOfAnotherClipLengthIsRefused) {
  line_["feature_spec"]["clip_seconds"] = 3;
  EXPECT_TRUE(FailsWith(Open(line_), ErrorCode::kDataLoss, "tensor mel is not [12, 128, 130]"));
}

}  // namespace
}  // namespace tutti
