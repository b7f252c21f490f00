#include "common/dataset_scan.h"

#include <fstream>

#include <gtest/gtest.h>

#include "common/hash.h"
#include "tests/support/result_matchers.h"
#include "tests/support/temp_dir.h"

namespace tutti {
namespace {

class DatasetScanTest : public testing::Test {
 protected:
  void Write(const std::string& path, const std::string& contents) {
    std::filesystem::create_directories((dir_ / path).parent_path());
    std::ofstream(dir_ / path) << contents;
  }
  Result<DatasetScan> Scan() { return ScanDataset(dir_.path(), {}); }
  static Result<DatasetScan> ScanInPlace(const std::filesystem::path& folder) {
    ScanOptions options;
    options.placement = Placement::kInPlace;
    return ScanDataset(folder, options);
  }

  TempDir dir_;
};

TEST_F(DatasetScanTest, ClassFoldersBecomeSortedLabels) {
  Write("rock/b.wav", "b");
  Write("blues/z.ogg", "z");
  Write("blues/deep/a.WAV", "a");
  const auto scan = Scan();
  ASSERT_TRUE(IsOk(scan));
  EXPECT_EQ(scan->manifest.classes, (std::vector<std::string>{"blues", "rock"}));
  ASSERT_EQ(scan->manifest.tracks.size(), 3u);
  EXPECT_EQ(scan->manifest.tracks[0].path, "blues/deep/a.WAV");
  EXPECT_EQ(scan->manifest.tracks[0].label, 0);
  EXPECT_EQ(scan->manifest.tracks[1].content_hash, Sha256Hex("z"));
  EXPECT_EQ(scan->manifest.tracks[2].label, 1);
  EXPECT_TRUE(IsOk(ParseManifest(DumpManifest(scan->manifest))));
}

TEST_F(DatasetScanTest, StrayFilesAreLeftOutAndNamed) {
  Write("rock/a.wav", "a");
  Write("rock/._a.wav", "mac");
  Write("rock/cover.jpg", "jpg");
  Write("rock/empty.wav", "");
  Write("rock/na\xefve.wav", "named in Latin-1");
  Write(".git/x.wav", "x");
  Write("notes/readme.txt", "no audio: no class");
  const auto scan = Scan();
  ASSERT_TRUE(IsOk(scan));
  EXPECT_EQ(scan->manifest.classes, std::vector<std::string>{"rock"});
  EXPECT_EQ(scan->left_out,
            (std::vector<LeftOut>{{"notes/readme.txt", "not audio by its ending"},
                                  {"rock/._a.wav", "hidden file"},
                                  {"rock/cover.jpg", "not audio by its ending"},
                                  {"rock/empty.wav", "empty"},
                                  {"rock/na\xefve.wav", "its name is not in UTF-8: rename it"}}));
}

TEST_F(DatasetScanTest, InPlaceTheManifestHoldsTheRealFolder) {
  Write("rock/a.wav", "a");
  TempDir elsewhere;
  std::filesystem::create_directory_symlink(dir_.path(), elsewhere / "link");
  const auto scan = ScanInPlace(elsewhere / "link");
  ASSERT_TRUE(IsOk(scan));
  EXPECT_EQ(scan->manifest.in_place_root, std::filesystem::canonical(dir_.path()));
  EXPECT_EQ(Scan()->manifest.in_place_root, "");
}

TEST_F(DatasetScanTest, InPlaceLinksAreRefusedAlsoOnTheWay) {
  Write("rock/a.wav", "a");
  std::filesystem::create_symlink("a.wav", dir_ / "rock/b.wav");
  std::filesystem::create_directory_symlink("rock", dir_ / "stone");
  EXPECT_EQ(Scan()->manifest.tracks.size(), 4U);
  const auto refused = ScanInPlace(dir_.path());
  // rock/b.wav, stone, and stone/b.wav, which is that link again.
  EXPECT_TRUE(FailsWith(refused, ErrorCode::kInvalidArgument, "3 links"));
  EXPECT_TRUE(FailsWith(refused, ErrorCode::kInvalidArgument, "\n  rock/b.wav"));
}

TEST_F(DatasetScanTest, LinksOutOfTheFolderAreNotFollowed) {
  TempDir outside;
  std::ofstream(outside / "secret.wav") << "secret";
  Write("rock/a.wav", "a");
  std::filesystem::create_symlink(outside / "secret.wav", dir_ / "rock/link.wav");
  std::filesystem::create_symlink(dir_ / "rock/a.wav", dir_ / "rock/inside.wav");
  const auto scan = Scan();
  ASSERT_TRUE(IsOk(scan));
  ASSERT_EQ(scan->manifest.tracks.size(), 2u);
  EXPECT_EQ(scan->left_out, (std::vector<LeftOut>{{"rock/link.wav", "a link out of the folder"}}));
}

TEST_F(DatasetScanTest, GroupsAndSplitAtTheRootAreTaken) {
  Write("rock/a.wav", "a");
  Write("rock/b.wav", "b");
  Write("groups.csv", "path,group\nrock/a.wav,\"Doe, Jane\"\n");
  Write("split.csv", "path,part\r\nrock/b.wav,test\r\n");
  const auto scan = Scan();
  ASSERT_TRUE(IsOk(scan));
  EXPECT_EQ(scan->manifest.tracks[0].group, "Doe, Jane");
  EXPECT_EQ(scan->manifest.tracks[1].group, "");
  EXPECT_EQ(scan->manifest.tracks[1].part, "test");
}

TEST_F(DatasetScanTest, ATableThatNamesUnknownTracksIsRefusedNamingAll) {
  Write("rock/a.wav", "a");
  Write("groups.csv", "path,group\nrock/x.wav,1\nrock/y.wav,2\n");
  const auto scan = Scan();
  EXPECT_TRUE(FailsWith(scan, ErrorCode::kInvalidArgument, "rock/x.wav\n  rock/y.wav"));
}

TEST_F(DatasetScanTest, HoweverManyTracksATableDoesNotKnowAllAreNamed) {
  Write("rock/a.wav", "a");
  std::string table = "path,part\nrock/a.wav,train\n";
  std::string named;
  for (int i = 100; i < 300; ++i) {
    table += "rock/" + std::to_string(i) + ".wav,test\n";
    named += "\n  rock/" + std::to_string(i) + ".wav";
  }
  Write("split.csv", table);
  const auto scan = Scan();
  EXPECT_TRUE(FailsWith(scan, ErrorCode::kInvalidArgument, "split.csv"));
  ASSERT_GT(scan.error().message.size(), named.size());
  EXPECT_TRUE(scan.error().message.ends_with(":" + named)) << scan.error().message;
}

TEST_F(DatasetScanTest, AMalformedTableIsToldWithItsLine) {
  Write("rock/a.wav", "a");
  Write("groups.csv", "path,group\nrock/a.wav\n");
  EXPECT_TRUE(FailsWith(Scan(), ErrorCode::kInvalidArgument, "groups.csv:2: expected two fields"));
  Write("groups.csv", "path,group\nrock/a.wav,Bj\xf6rk\n");
  EXPECT_TRUE(FailsWith(Scan(), ErrorCode::kInvalidArgument,
                        "groups.csv:2: expected text in UTF-8, got \"rock/a.wav,Bj<F6>rk\""));
  Write("groups.csv", "file,artist\n");
  EXPECT_TRUE(FailsWith(Scan(), ErrorCode::kInvalidArgument, "groups.csv:1: expected the header"));
}

TEST_F(DatasetScanTest, AMissingOrEmptyFolderIsToldPlainly) {
  EXPECT_TRUE(FailsWith(ScanDataset(dir_ / "nowhere", {}), ErrorCode::kNotFound, "nowhere"));
  EXPECT_TRUE(FailsWith(Scan(), ErrorCode::kInvalidArgument, "one folder a class"));
}

}  // namespace
}  // namespace tutti
