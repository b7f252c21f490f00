// Datasets that lie in place: which folder, and what is taken from it.
#include <atomic>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>

#include "common/hash.h"
#include "tests/support/result_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/worker/daemon/folder_transport.h"
#include "worker/daemon/data_roots.h"
#include "worker/daemon/input_fetch.h"

namespace tutti {
namespace {

TEST(DataRoots, AnOptionIsTwoAbsolutePaths) {
  const auto root = ParseDataRoot("/data/./gtzan/=/mnt//gtzan=1/");
  ASSERT_TRUE(IsOk(root));
  EXPECT_EQ(root->root, "/data/gtzan");
  EXPECT_EQ(root->folder, "/mnt/gtzan=1");
  for (const std::string text : {"", "/data", "=/mnt", "/data=", "data=/mnt", "/data=mnt"}) {
    EXPECT_TRUE(FailsWith(ParseDataRoot(text), ErrorCode::kInvalidArgument,
                          "/data/gtzan=/mnt/gtzan; got \"" + text + "\""));
  }
}

TEST(DataRoots, WhatIsNotGivenIsAskedFor) {
  const TempDir dir;
  const auto roots = DataRoots::Create({{"/data/a", dir.path()}});
  ASSERT_TRUE(IsOk(roots));
  EXPECT_EQ(*roots->FolderOf("/data/a"), dir.path());
  EXPECT_TRUE(FailsWith(roots->FolderOf("/data/b"), ErrorCode::kFailedPrecondition,
                        "start tutti-worker with --data-root /data/b=DIR"));
  EXPECT_TRUE(FailsWith(DataRoots::Create({{"/data/a", dir / "none"}}), ErrorCode::kInvalidArgument,
                        "is no folder on this machine"));
  EXPECT_TRUE(FailsWith(DataRoots::Create({{"/data/a", dir.path()}, {"/data/a", dir.path()}}),
                        ErrorCode::kInvalidArgument, "given twice"));
}

class InPlaceTest : public testing::Test {
 protected:
  InPlaceTest() : blobs_(dir_ / "blobs"), cache_(*BlobCache::Open(files_, clock_, dir_ / "cache")) {
    std::filesystem::create_directories(dir_ / "music" / "bell");
    Write("bell/1.wav", "audio");
    lease_.set_kind(v1::JOB_KIND_PREPROCESS);
    lease_.mutable_dataset()->set_in_place_root("/data/music");
    v1::Lease::Track& track = *lease_.add_tracks();
    track.set_path("bell/1.wav");
    track.set_content_hash(hash_);
    track.set_size_bytes(5);
  }
  void Write(const std::string& path, const std::string& bytes) {
    std::ofstream(dir_ / "music" / path) << bytes;
  }
  Result<std::shared_ptr<InputPins>> Fetch() {
    const auto roots = DataRoots::Create({{"/data/music", dir_ / "music"}});
    return FetchInputs(lease_, *cache_, blobs_, *roots, stopped_);
  }

  const std::string hash_ = Sha256Hex("audio");
  TempDir dir_;
  PosixFileSystem files_;
  SystemClock clock_;
  FolderTransport blobs_;
  std::unique_ptr<BlobCache> cache_;
  std::atomic<bool> stopped_ = false;
  v1::Lease lease_;
};

TEST_F(InPlaceTest, TracksComeFromTheFolder) {
  const auto pins = Fetch();
  ASSERT_TRUE(IsOk(pins));
  EXPECT_EQ(*files_.ReadFile((*pins)->at(hash_).path()), "audio");
}

TEST_F(InPlaceTest, AFileThatChangedIsToldWithWhatWasExpected) {
  Write("bell/1.wav", "other");
  EXPECT_TRUE(FailsWith(Fetch(), ErrorCode::kDataLoss,
                        "track \"bell/1.wav\" in " + (dir_ / "music").string() +
                            " is not what was registered: expected SHA-256 " + hash_));
  Write("bell/1.wav", "audio and more");
  EXPECT_TRUE(FailsWith(Fetch(), ErrorCode::kDataLoss, "expected 5 bytes, got 14"));
  EXPECT_THAT(cache_->Contents(10), testing::IsEmpty());
  EXPECT_TRUE(std::filesystem::is_empty(dir_ / "cache" / hash_.substr(0, 2)));
  Write("bell/1.wav", "audio");
  EXPECT_TRUE(IsOk(Fetch()));
}

TEST_F(InPlaceTest, LinksAndMissingFilesAreNotOpened) {
  Write("bell/2.wav", "audio");
  std::filesystem::remove(dir_ / "music/bell/1.wav");
  EXPECT_TRUE(FailsWith(Fetch(), ErrorCode::kNotFound, "track \"bell/1.wav\""));
  std::filesystem::create_symlink("2.wav", dir_ / "music/bell/1.wav");
  EXPECT_TRUE(FailsWith(Fetch(), ErrorCode::kInvalidArgument, "is a link"));
  std::filesystem::rename(dir_ / "music/bell", dir_ / "music/real");
  std::filesystem::create_directory_symlink("real", dir_ / "music/bell");
  EXPECT_TRUE(FailsWith(Fetch(), ErrorCode::kInvalidArgument, "\"bell\" is a link"));
  lease_.mutable_tracks(0)->set_path("../blobs/x");
  EXPECT_TRUE(FailsWith(Fetch(), ErrorCode::kInvalidArgument, "it climbs out"));
}

TEST_F(InPlaceTest, WithoutItsFolderTheOperatorIsAskedForIt) {
  lease_.mutable_dataset()->set_in_place_root("/data/elsewhere");
  EXPECT_TRUE(FailsWith(Fetch(), ErrorCode::kFailedPrecondition,
                        "start tutti-worker with --data-root /data/elsewhere=DIR"));
  blobs_.Put("audio");  // uploaded with another dataset
  EXPECT_TRUE(IsOk(Fetch()));
}

}  // namespace
}  // namespace tutti
