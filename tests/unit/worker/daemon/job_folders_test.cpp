#include "worker/daemon/job_folders.h"

#include <fcntl.h>
#include <functional>
#include <string>
#include <unistd.h>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "common/unique_fd.h"
#include "tests/support/program.h"
#include "tests/support/result_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/support/tiny_music.h"

namespace tutti {
namespace {

constexpr AttemptId kFirst{1, 1};
constexpr AttemptId kSecond{2, 1};

class JobFoldersTest : public testing::Test {
 protected:
  JobFoldersTest() { std::filesystem::create_directory(jobs_); }

  // What tells one folder from another, whatever their names.
  static ino_t NumberOf(const std::filesystem::path& path) {
    struct stat status{};
    EXPECT_EQ(::lstat(path.c_str(), &status), 0) << path;
    return status.st_ino;
  }
  std::vector<std::string> Names() { return *files_.ListDirectory(jobs_); }
  // Made for the first, changed by it, left; then the second's.
  void MakeLeaveMake(const std::function<void(const std::filesystem::path&)>& change = {}) {
    EXPECT_TRUE(IsOk(folders_.Make(kFirst)));
    kept_open_ = UniqueFd(::open(folders_.PathOf(kFirst).c_str(), O_RDONLY | O_DIRECTORY));
    first_ = NumberOf(folders_.PathOf(kFirst));
    if (change) change(folders_.PathOf(kFirst));
    folders_.Leave(kFirst, true);
    EXPECT_TRUE(Eventually([&] { return !files_.Exists(folders_.PathOf(kFirst)); }));
    EXPECT_TRUE(IsOk(folders_.Make(kSecond)));
  }
  bool SecondHasTheFirstOnes() const { return NumberOf(folders_.PathOf(kSecond)) == first_; }

  TempDir dir_;
  PosixFileSystem files_;
  IoPool pool_{1};
  const std::filesystem::path jobs_ = dir_ / "jobs";
  JobFolders folders_{files_, pool_, jobs_};
  UniqueFd kept_open_;  // so that its number is not given to another
  ino_t first_ = 0;
};

TEST_F(JobFoldersTest, WhatIsStillAsItWasMadeIsTheNextAttempts) {
  MakeLeaveMake();
  EXPECT_TRUE(SecondHasTheFirstOnes());
  EXPECT_TRUE(std::filesystem::is_empty(folders_.PathOf(kSecond)));
  EXPECT_THAT(Names(), testing::ElementsAre("2-1"));
}

TEST_F(JobFoldersTest, AFolderWithSomethingInItIsRemoved) {
  MakeLeaveMake([](const auto& folder) { WriteFile(folder / ".hidden", "x"); });
  EXPECT_FALSE(SecondHasTheFirstOnes());
  EXPECT_THAT(Names(), testing::ElementsAre("2-1"));
}

TEST_F(JobFoldersTest, AFolderThatWasOpenedToOthersIsRemoved) {
  MakeLeaveMake([](const auto& folder) {
    std::filesystem::permissions(folder, std::filesystem::perms(0777));
  });
  EXPECT_FALSE(SecondHasTheFirstOnes());
  EXPECT_EQ(std::filesystem::status(folders_.PathOf(kSecond)).permissions(),
            std::filesystem::perms(0700));
}

TEST_F(JobFoldersTest, ALinkInItsPlaceIsRemovedAndWhatItPointsToStays) {
  std::filesystem::create_directory(dir_ / "elsewhere");
  std::filesystem::permissions(dir_ / "elsewhere", std::filesystem::perms(0700));
  MakeLeaveMake([&](const auto& folder) {
    std::filesystem::remove(folder);
    std::filesystem::create_directory_symlink(dir_ / "elsewhere", folder);
  });
  EXPECT_TRUE(
      std::filesystem::is_directory(std::filesystem::symlink_status(folders_.PathOf(kSecond))));
  EXPECT_TRUE(std::filesystem::exists(dir_ / "elsewhere"));
}

TEST_F(JobFoldersTest, OneOfARunThatWasEndedIsRemoved) {
  ASSERT_TRUE(IsOk(folders_.Make(kFirst)));
  folders_.Leave(kFirst, false);
  EXPECT_TRUE(Eventually([&] { return Names().empty(); }));
}

TEST_F(JobFoldersTest, AFolderOfAnEarlierDaemonIsEmptied) {
  WriteFile(folders_.PathOf(kSecond) / "old", "x");
  MakeLeaveMake();
  EXPECT_TRUE(std::filesystem::is_empty(folders_.PathOf(kSecond)));
}

TEST_F(JobFoldersTest, AtTheStartAllIsRemovedButWhatIsGoneOnWith) {
  for (const AttemptId& id : {kFirst, kSecond, AttemptId{3, 1}}) {
    ASSERT_TRUE(IsOk(folders_.Make(id)));
  }
  folders_.Leave(kFirst, true);
  WriteFile(jobs_ / "2-1.resume", "{}");
  JobFolders next(files_, pool_, jobs_);
  next.RemoveAllBut({kSecond});
  EXPECT_THAT(Names(), testing::ElementsAre("2-1", "2-1.resume"));
}

}  // namespace
}  // namespace tutti
