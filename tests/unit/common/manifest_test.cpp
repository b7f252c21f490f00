#include "common/manifest.h"

#include <gtest/gtest.h>

#include "common/hash.h"
#include "common/json.h"
#include "tests/support/result_matchers.h"

namespace tutti {
namespace {

Manifest Small() {
  Manifest manifest;
  manifest.classes = {"blues", "rock"};
  manifest.tracks = {{"blues/a.wav", 10, Sha256Hex("a"), 0, "artist-1", ""},
                     {"rock/b.wav", 20, Sha256Hex("b"), 1, "", "test"}};
  return manifest;
}

// The small manifest with one field of its JSON set to something else.
std::string With(const std::string& pointer, const Json& value) {
  Json json = Json::parse(DumpManifest(Small()));
  json[Json::json_pointer(pointer)] = value;
  return DumpJson(json);
}

TEST(Manifest, WhatIsWrittenIsReadBack) {
  const auto parsed = ParseManifest(DumpManifest(Small()));
  ASSERT_TRUE(IsOk(parsed));
  EXPECT_EQ(*parsed, Small());
}

TEST(Manifest, ADatasetInPlaceIsAnotherVersionAndItsRootIsAbsolute) {
  Manifest in_place = Small();
  in_place.in_place_root = "/data/small";
  EXPECT_NE(DumpManifest(in_place), DumpManifest(Small()));
  EXPECT_EQ(ParseManifest(DumpManifest(in_place))->in_place_root, "/data/small");
  in_place.in_place_root = "data/small";
  EXPECT_TRUE(FailsWith(ParseManifest(DumpManifest(in_place)), ErrorCode::kInvalidArgument,
                        "in_place_root: expected an absolute path, got \"data/small\""));
}

TEST(Manifest, AnyChangeOfATrackChangesTheVersion) {
  const std::string version = Sha256Hex(DumpManifest(Small()));
  Manifest changed = Small();
  changed.tracks[0].group = "artist-2";
  EXPECT_NE(Sha256Hex(DumpManifest(changed)), version);
  changed = Small();
  changed.tracks[1].part = "train";
  EXPECT_NE(Sha256Hex(DumpManifest(changed)), version);
}

TEST(Manifest, PathsThatLeaveTheRootAreRefused) {
  for (const char* path :
       {"/etc/passwd", "../a.wav", "blues/../../a.wav", "blues//a.wav", "./a.wav", "", "blues/"}) {
    EXPECT_TRUE(FailsWith(ParseManifest(With("/tracks/0/0", path)), ErrorCode::kInvalidArgument,
                          "not a plain relative path"))
        << path;
  }
}

TEST(Manifest, AHashThatIsNoneIsRefusedWithTheTracksName) {
  EXPECT_TRUE(FailsWith(ParseManifest(With("/tracks/0/2", "12")), ErrorCode::kInvalidArgument,
                        "track 0 (blues/a.wav): the content hash"));
}

TEST(Manifest, ALabelWithoutAClassIsRefused) {
  EXPECT_TRUE(FailsWith(ParseManifest(With("/tracks/1/3", 2)), ErrorCode::kInvalidArgument,
                        "label 2 of 2 classes"));
}

TEST(Manifest, UnsortedOrRepeatedTracksAreRefused) {
  Manifest manifest = Small();
  std::swap(manifest.tracks[0], manifest.tracks[1]);
  EXPECT_TRUE(FailsWith(ParseManifest(DumpManifest(manifest)), ErrorCode::kInvalidArgument,
                        "not sorted by path"));
  manifest = Small();
  manifest.tracks[1] = manifest.tracks[0];
  EXPECT_TRUE(
      FailsWith(ParseManifest(DumpManifest(manifest)), ErrorCode::kInvalidArgument, "twice"));
}

TEST(Manifest, TextOfAnotherShapeIsRefused) {
  EXPECT_FALSE(ParseManifest("").ok());
  EXPECT_FALSE(ParseManifest("[]").ok());
  EXPECT_FALSE(ParseManifest(With("/format", 2)).ok());
  EXPECT_FALSE(ParseManifest(With("/tracks/0/1", -1)).ok());
  EXPECT_FALSE(ParseManifest(With("/tracks/0/5", "holdout")).ok());
  EXPECT_FALSE(ParseManifest(With("/tracks", 5)).ok());
}

}  // namespace
}  // namespace tutti
