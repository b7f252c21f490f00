#include "coordinator/core/shard.h"

#include <gtest/gtest.h>

#include "common/hash.h"
#include "coordinator/core/digest.h"
#include "tests/support/core_harness.h"
#include "tests/support/result_matchers.h"

namespace tutti {
namespace {

TEST(Digest, ReadsBackAndRefusesWhatIsNone) {
  const std::string hex = Sha256Hex("a");
  ASSERT_TRUE(DigestFromHex(hex).has_value());
  EXPECT_EQ(ToHex(*DigestFromHex(hex)), hex);
  EXPECT_EQ((*DigestFromHex(hex))[0], 0xca);  // ca978112…
  EXPECT_FALSE(DigestFromHex(hex.substr(1)).has_value());
  EXPECT_FALSE(DigestFromHex("CA" + hex.substr(2)).has_value());
}

TEST(Shard, BlocksAreConsecutiveAndTheLastMayBeShorter) {
  const Manifest manifest = MakeManifest(70, {"blues", "rock"});
  const auto plans = PlanShards(manifest, "spec", 32);
  ASSERT_EQ(plans.size(), 3U);
  EXPECT_EQ(plans[0].content_hashes.size(), 32U);
  EXPECT_EQ(plans[2].content_hashes.size(), 6U);
  EXPECT_EQ(plans[2].content_hashes[0], manifest.tracks[64].content_hash);
  EXPECT_TRUE(PlanShards(Manifest{}, "spec", 32).empty());
}

TEST(Shard, TheKeyHangsOnSpecContentAndOrder) {
  const std::string a = Sha256Hex("a");
  const std::string b = Sha256Hex("b");
  const std::string key = ShardKey("spec", {a, b});
  EXPECT_TRUE(IsSha256Hex(key));
  EXPECT_EQ(key, Sha256Hex("spec\n" + a + "\n" + b)) << "shards in stores are found by it";
  EXPECT_NE(key, ShardKey("spec", {b, a}));
  EXPECT_NE(key, ShardKey("other", {a, b}));
}

TEST(Shard, AConfigurationReadsBack) {
  const NamedFeatureSpec spec = NameFeatureSpec({});
  const auto plans = PlanShards(MakeManifest(5, {"a", "b"}), spec.hash, 3);
  const auto tracks = ParseShardConfig(ShardConfig(spec.json, plans[1], 3));
  ASSERT_TRUE(IsOk(tracks));
  EXPECT_EQ(ToHex(tracks->spec), spec.hash);
  EXPECT_EQ(tracks->first_track, 3);
  ASSERT_EQ(tracks->content.size(), 2U);
  EXPECT_EQ(ToHex(tracks->content[1]), plans[1].content_hashes[1]);
}

TEST(Shard, ASpoiltConfigurationIsDataLoss) {
  EXPECT_TRUE(FailsWith(ParseShardConfig("{"), ErrorCode::kDataLoss, "not valid JSON"));
  EXPECT_TRUE(FailsWith(ParseShardConfig(R"({"feature_spec":{},"content_hashes":["x"],
                                             "first_track":0})"),
                        ErrorCode::kDataLoss, "no SHA-256"));
  EXPECT_TRUE(FailsWith(ParseShardConfig(R"({"feature_spec":{},"content_hashes":[]})"),
                        ErrorCode::kDataLoss, "first_track"));
}

}  // namespace
}  // namespace tutti
