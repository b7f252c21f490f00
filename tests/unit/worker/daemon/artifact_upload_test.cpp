#include "worker/daemon/artifact_upload.h"

#include <fstream>
#include <iterator>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "common/hash.h"
#include "tests/support/result_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/worker/daemon/folder_transport.h"
#include "worker/daemon/open_beneath.h"

namespace tutti {
namespace {

class ArtifactUploadTest : public testing::Test {
 protected:
  ArtifactUploadTest() : blobs_(dir_ / "blobs") { std::filesystem::create_directory(output_); }

  void Write(const std::string& path, const std::string& text) {
    std::filesystem::create_directories((output_ / path).parent_path());
    std::ofstream(output_ / path) << text;
  }

  TempDir dir_;
  std::filesystem::path output_ = dir_ / "out";
  PosixFileSystem files_;
  FolderTransport blobs_;
};

TEST_F(ArtifactUploadTest, UploadsFilesByTheirHash) {
  Write("best.safetensors", "weights");
  Write("deep/er/last", "more");
  const auto uploaded = UploadArtifacts(
      output_, {{"best", "best.safetensors"}, {"last", "deep/er/last"}}, blobs_, nullptr);
  ASSERT_TRUE(IsOk(uploaded));
  ASSERT_EQ(uploaded->size(), 2u);
  EXPECT_EQ((*uploaded)[0].name(), "best");
  EXPECT_EQ((*uploaded)[0].blob_hash(), Sha256Hex("weights"));
  EXPECT_EQ((*uploaded)[0].size_bytes(), 7);
  EXPECT_EQ(blobs_.Read(Sha256Hex("weights")), "weights");
  EXPECT_EQ(blobs_.Read(Sha256Hex("more")), "more");
}

TEST_F(ArtifactUploadTest, UploadsOnlyWhatTheCoordinatorLacks) {
  Write("a", "known");
  blobs_.Put("known");
  ASSERT_TRUE(IsOk(UploadArtifacts(output_, {{"a", "a"}}, blobs_, nullptr)));
  EXPECT_EQ(blobs_.uploads, 0);
}

TEST_F(ArtifactUploadTest, MovesAdoptedFilesIntoTheCache) {
  Write("shard", "features");
  const SystemClock clock;
  const auto cache = *BlobCache::Open(files_, clock, dir_ / "cache");
  ASSERT_TRUE(IsOk(UploadArtifacts(output_, {{"shard", "shard"}}, blobs_, cache.get())));
  EXPECT_THAT(cache->Contents(10), testing::ElementsAre(Sha256Hex("features")));
  EXPECT_FALSE(files_.Exists(output_ / "shard"));
}

TEST_F(ArtifactUploadTest, RefusesPathsThatLeaveTheFolder) {
  Write("ok", "x");
  std::ofstream(dir_ / "secret") << "s";
  for (const std::string path : {"../secret", "a/../../secret", "/etc/passwd", "", ".."}) {
    EXPECT_TRUE(
        FailsWith(OpenBeneath(output_, path, "artifact"), ErrorCode::kInvalidArgument, "artifact"))
        << path;
  }
}

TEST_F(ArtifactUploadTest, RefusesLinksAlsoOnTheWay) {
  std::ofstream(dir_ / "secret") << "s";
  std::filesystem::create_symlink(dir_ / "secret", output_ / "link");
  std::filesystem::create_directory_symlink(dir_.path(), output_ / "folder");
  EXPECT_TRUE(
      FailsWith(OpenBeneath(output_, "link", "artifact"), ErrorCode::kInvalidArgument, "link"));
  EXPECT_TRUE(FailsWith(OpenBeneath(output_, "folder/secret", "artifact"),
                        ErrorCode::kInvalidArgument, "link"));
}

TEST_F(ArtifactUploadTest, RefusesWhatIsNoRegularFile) {
  std::filesystem::create_directory(output_ / "sub");
  ASSERT_EQ(::mkfifo((output_ / "pipe").c_str(), 0600), 0);
  EXPECT_TRUE(
      FailsWith(OpenBeneath(output_, "sub", "artifact"), ErrorCode::kInvalidArgument, "regular"));
  EXPECT_TRUE(
      FailsWith(OpenBeneath(output_, "pipe", "artifact"), ErrorCode::kInvalidArgument, "regular"));
  EXPECT_TRUE(FailsWith(OpenBeneath(output_, "none", "artifact"), ErrorCode::kNotFound, "none"));
}

TEST_F(ArtifactUploadTest, LeavesNoDescriptorBehind) {
  Write("a", "x");
  const auto count = [] {
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {});
  };
  const auto before = count();
  ASSERT_TRUE(IsOk(UploadArtifacts(output_, {{"a", "a"}, {"b", "a"}}, blobs_, nullptr)));
  EXPECT_FALSE(UploadArtifacts(output_, {{"a", "a"}, {"b", "no"}}, blobs_, nullptr).ok());
  EXPECT_EQ(count(), before);
}

}  // namespace
}  // namespace tutti
