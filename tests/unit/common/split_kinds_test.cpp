#include "common/split_kinds.h"

#include <algorithm>
#include <map>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/result_matchers.h"

namespace tutti {
namespace {

using testing::ElementsAreArray;

// A collection with uneven groups: `groups` artists, each with one to six tracks of one class.
struct Music {
  std::vector<std::string> names;
  std::vector<SplitTrack> tracks;
};

Music MakeMusic(int groups, int classes) {
  Music music;
  std::vector<std::pair<std::int32_t, std::string>> list;
  for (int g = 0; g < groups; ++g) {
    for (int i = 0; i <= g % 6; ++i) list.emplace_back(g % classes, "artist" + std::to_string(g));
  }
  for (const auto& [label, name] : list) music.names.push_back(name);
  for (std::size_t i = 0; i < list.size(); ++i) {
    music.tracks.push_back({list[i].first, music.names[i], "", ""});
  }
  return music;
}

// Expected parts were printed by scikit-learn 1.9.1's StratifiedKFold(5, shuffle=True).
TEST(KFoldSplit, TestPartsAreScikitLearns) {
  std::vector<std::int32_t> labels;
  for (int i = 0; i < 9; ++i) labels.insert(labels.end(), {2, 0, 1});
  labels.insert(labels.end(), 5, 0);
  labels.insert(labels.end(), 3, 2);
  const auto test_part = [&](std::uint32_t seed, std::int64_t fold) {
    const auto split = KFoldSplit(labels, {5, fold, 0.2, seed});
    EXPECT_TRUE(IsOk(split));
    return split->test;
  };
  EXPECT_THAT(test_part(333, 0), ElementsAreArray({0, 1, 5, 6, 7, 15, 19}));
  EXPECT_THAT(test_part(123, 2), ElementsAreArray({10, 15, 17, 19, 22, 23, 32}));
  EXPECT_THAT(test_part(7, 4), ElementsAreArray({3, 5, 10, 16, 18, 20, 22}));
}

TEST(KFoldSplit, FoldsPartitionTheTracks) {
  std::vector<std::int32_t> labels;
  for (int i = 0; i < 60; ++i) labels.push_back(i % 3);
  std::set<std::int64_t> tested;
  for (int fold = 0; fold < 4; ++fold) {
    const auto split = KFoldSplit(labels, {4, fold, 0.2, 333});
    ASSERT_TRUE(IsOk(split));
    EXPECT_EQ(split->train.size() + split->validation.size() + split->test.size(), 60U);
    for (const std::int64_t at : split->test) EXPECT_TRUE(tested.insert(at).second);
  }
  EXPECT_EQ(tested.size(), 60U);
}

TEST(KFoldSplit, WhatCannotBeFoldedIsRefused) {
  const std::vector<std::int32_t> labels{0, 0, 0, 1, 1, 1};
  EXPECT_TRUE(FailsWith(KFoldSplit(labels, {5, 0, 0.5, 1}), ErrorCode::kInvalidArgument,
                        "class number 0 has 3 tracks, 5 folds"));
  EXPECT_TRUE(FailsWith(KFoldSplit(labels, {3, 3, 0.5, 1}), ErrorCode::kInvalidArgument,
                        "a fold from 0 to 2"));
}

TEST(GroupedSplit, NoGroupIsOnTwoSides) {
  const Music music = MakeMusic(60, 4);
  for (const std::uint32_t seed : {333U, 123U, 223U}) {
    SplitOptions options;
    options.kind = SplitKind::kGrouped;
    options.seed = seed;
    const auto split = MakeSplit(music.tracks, options);
    ASSERT_TRUE(IsOk(split));
    std::map<std::string_view, int> side_of;
    std::size_t seen = 0;
    int side = 0;
    for (const auto* part : {&split->train, &split->validation, &split->test}) {
      ++side;
      for (const std::int64_t at : *part) {
        ++seen;
        const auto group = music.tracks[static_cast<std::size_t>(at)].group;
        EXPECT_EQ(side_of.emplace(group, side).first->second, side) << group;
      }
    }
    EXPECT_EQ(seen, music.tracks.size());
  }
}

TEST(GroupedSplit, PartsComeNearTheirSharesOfEachClass) {
  const Music music = MakeMusic(240, 4);
  SplitOptions options;
  options.kind = SplitKind::kGrouped;
  options.test = 0.2;
  options.validation = 0.25;
  options.seed = 333;
  const auto split = MakeSplit(music.tracks, options);
  ASSERT_TRUE(IsOk(split));
  std::map<std::int32_t, double> all;
  std::map<std::int32_t, double> tested;
  for (const SplitTrack& track : music.tracks) ++all[track.label];
  for (const std::int64_t at : split->test) {
    ++tested[music.tracks[static_cast<std::size_t>(at)].label];
  }
  for (const auto& [label, count] : all) EXPECT_NEAR(tested[label] / count, 0.2, 0.06) << label;
  EXPECT_NEAR(
      static_cast<double>(split->validation.size()) / static_cast<double>(music.tracks.size()), 0.2,
      0.04);
}

TEST(GroupedSplit, TheSeedDecides) {
  const Music music = MakeMusic(60, 3);
  SplitOptions options;
  options.kind = SplitKind::kGrouped;
  options.seed = 1;
  const auto first = MakeSplit(music.tracks, options);
  EXPECT_EQ(*first, *MakeSplit(music.tracks, options));
  options.seed = 2;
  EXPECT_NE(*first, *MakeSplit(music.tracks, options));
}

TEST(GroupedSplit, IdenticalTracksAreOneGroup) {
  Music music = MakeMusic(40, 2);
  for (SplitTrack& track : music.tracks) track.group = "";
  // Content joins tracks 0 and 7, a group joins 7 and 20: all three stay together.
  music.tracks[0].content_hash = "same";
  music.tracks[7].content_hash = "same";
  music.tracks[7].group = "g";
  music.tracks[20].group = "g";
  for (std::uint32_t seed = 0; seed < 20; ++seed) {
    SplitOptions options;
    options.kind = SplitKind::kGrouped;
    options.seed = seed;
    const auto split = MakeSplit(music.tracks, options);
    ASSERT_TRUE(IsOk(split));
    for (const auto* part : {&split->train, &split->validation, &split->test}) {
      const auto has = [&](std::int64_t at) { return std::ranges::binary_search(*part, at); };
      EXPECT_EQ(has(0), has(7)) << seed;
      EXPECT_EQ(has(0), has(20)) << seed;
    }
  }
}

TEST(GroupedSplit, TooFewGroupsAreRefused) {
  const Music music = MakeMusic(2, 2);
  SplitOptions options;
  options.kind = SplitKind::kGrouped;
  EXPECT_TRUE(FailsWith(MakeSplit(music.tracks, options), ErrorCode::kInvalidArgument,
                        "2 groups cannot fill"));
}

TEST(FileSplit, TakesThePartsThatTheUserGave) {
  const std::vector<SplitTrack> tracks{{0, "", "", "train"},
                                       {1, "", "", "test"},
                                       {0, "", "", "validation"},
                                       {1, "", "", ""},
                                       {1, "", "", "train"}};
  SplitOptions options;
  options.kind = SplitKind::kFile;
  const auto split = MakeSplit(tracks, options);
  ASSERT_TRUE(IsOk(split));
  EXPECT_THAT(split->train, ElementsAreArray({0, 4}));
  EXPECT_THAT(split->validation, ElementsAreArray({2}));
  EXPECT_THAT(split->test, ElementsAreArray({1}));
}

TEST(FileSplit, ValidationComesFromTrainWhereTheFileHasNone) {
  std::vector<SplitTrack> tracks;
  for (int i = 0; i < 40; ++i) tracks.push_back({i % 2, "", "", i < 30 ? "train" : "test"});
  SplitOptions options;
  options.kind = SplitKind::kFile;
  options.validation = 0.2;
  const auto split = MakeSplit(tracks, options);
  ASSERT_TRUE(IsOk(split));
  EXPECT_EQ(split->validation.size(), 6U);
  EXPECT_EQ(split->train.size(), 24U);
  EXPECT_EQ(split->test.size(), 10U);
}

TEST(FileSplit, WithoutPartsItSaysHowToGiveThem) {
  const std::vector<SplitTrack> tracks{{0, "", "", ""}, {1, "", "", ""}};
  SplitOptions options;
  options.kind = SplitKind::kFile;
  EXPECT_TRUE(FailsWith(MakeSplit(tracks, options), ErrorCode::kInvalidArgument, "split.csv"));
}

TEST(CheckSides, ATrackOnTwoSidesIsAlwaysFound) {
  const std::vector<SplitTrack> tracks{{0, "", "a", ""}, {0, "", "b", ""}, {1, "", "c", ""}};
  EXPECT_TRUE(IsOk(CheckSides(tracks, {{0}, {1}, {2}}, SplitKind::kStratified)));
  EXPECT_TRUE(FailsWith(CheckSides(tracks, {{0}, {1}, {2, 0}}, SplitKind::kStratified),
                        ErrorCode::kDataLoss,
                        "track 0 is there twice, number 0 in train and number 0 in test"));
  EXPECT_TRUE(FailsWith(CheckSides(tracks, {{0, 0}, {1}, {2}}, SplitKind::kFile),
                        ErrorCode::kDataLoss, "track 0"));
}

TEST(CheckSides, UnderGroupedNeitherGroupNorContentCrosses) {
  const std::vector<SplitTrack> tracks{
      {0, "x", "a", ""}, {0, "x", "b", ""}, {1, "", "c", ""}, {1, "y", "c", ""}};
  EXPECT_TRUE(FailsWith(CheckSides(tracks, {{0}, {2, 3}, {1}}, SplitKind::kGrouped),
                        ErrorCode::kDataLoss, "group x"));
  EXPECT_TRUE(FailsWith(CheckSides(tracks, {{0, 1}, {2}, {3}}, SplitKind::kGrouped),
                        ErrorCode::kDataLoss, "content c"));
  EXPECT_TRUE(IsOk(CheckSides(tracks, {{0, 1}, {2, 3}, {}}, SplitKind::kGrouped)));
  EXPECT_TRUE(IsOk(CheckSides(tracks, {{0}, {2}, {1, 3}}, SplitKind::kStratified)))
      << "elsewhere duplicates may cross; they are counted";
}

TEST(SplitOptions, AnUnknownKindIsRefused) {
  EXPECT_TRUE(FailsWith(ParseSplitOptions(Json{{"kind", "random"}}, 1), ErrorCode::kInvalidArgument,
                        "random"));
}

}  // namespace
}  // namespace tutti
