#include "common/feature_spec.h"

#include "common/feature_spec_hash.h"
#include "tests/support/result_matchers.h"

namespace tutti {
namespace {

Result<FeatureSpec> Parse(const std::string& text) {
  TUTTI_ASSIGN_OR_RETURN(const Json json, ParseJson(text, "spec"));
  return FeatureSpecFromJson(json);
}

TEST(FeatureSpec, TheDefaultsGiveTheStudysShapes) {
  const FeatureSpec spec;
  EXPECT_EQ(ClipSamples(spec), 661'500);
  EXPECT_EQ(ClipFrames(spec), 1292);
  EXPECT_EQ(SliceFrames(spec, 1), 43);
  EXPECT_EQ(SliceFrames(spec, 3), 129);
  EXPECT_EQ(SliceFrames(spec, 5), 215);
  EXPECT_EQ(SliceFrames(spec, 10), 430);
}

TEST(FeatureSpec, JsonGivesBackWhatWasWritten) {
  const FeatureSpec spec{
      .clip_seconds = 7.5, .sample_rate_hz = 16000, .n_fft = 1024, .hop = 160, .n_mels = 64};
  const auto read = FeatureSpecFromJson(ToJson(spec));
  ASSERT_TRUE(IsOk(read));
  EXPECT_EQ(*read, spec);
}

TEST(FeatureSpec, MissingKeysTakeTheirDefaultsAndAHashIsIgnored) {
  const auto spec = Parse(R"({"hop": 256, "hash": "whatever"})");
  ASSERT_TRUE(IsOk(spec));
  EXPECT_EQ(*spec, (FeatureSpec{.hop = 256}));
}

TEST(FeatureSpec, ValuesOutOfRangeAreRefusedByName) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {R"({"clip_seconds": 0})", "clip_seconds: expected 0.1 to 600"},
      {R"({"clip_seconds": 601})", "clip_seconds"},
      {R"({"sample_rate_hz": 999})", "sample_rate_hz: expected 1000 to 192000, got 999"},
      {R"({"n_fft": 8})", "n_fft: expected 16 to 65536, got 8"},
      {R"({"n_fft": 2047})", "n_fft: expected an even number, got 2047"},
      {R"({"hop": 0})", "hop: expected 1 to 2048, got 0"},
      {R"({"hop": 2049})", "hop"},
      {R"({"n_mels": 1025})", "n_mels: expected 1 to 1024, got 1025"},
      {R"({"n_mels": "many"})", "n_mels"},
      {R"({"spec_version": 2})", "this build makes spec_version 1"},
      {R"({"normalisation": "z_score"})", "z_score"}};
  for (const auto& [text, part] : cases) {
    EXPECT_TRUE(FailsWith(Parse(text), ErrorCode::kInvalidArgument, part)) << text;
  }
}

// The text is hashed, so it may never change by accident: shards are named by it.
TEST(FeatureSpec, TheHashOfTheDefaultsIsFixed) {
  EXPECT_EQ(DumpJson(ToJson(FeatureSpec{})),
            R"({"clip_seconds":30.0,"hop":512,"n_fft":2048,"n_mels":128,"normalisation":"min_max",)"
            R"("sample_rate_hz":22050,"spec_version":1})");
  EXPECT_EQ(FeatureSpecHash(FeatureSpec{}), Sha256Hex(DumpJson(ToJson(FeatureSpec{}))));
  EXPECT_NE(FeatureSpecHash(FeatureSpec{}), FeatureSpecHash(FeatureSpec{.hop = 256}));
}

}  // namespace
}  // namespace tutti
