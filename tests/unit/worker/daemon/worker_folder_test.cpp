#include "worker/daemon/worker_folder.h"

#include <fstream>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/support/result_matchers.h"
#include "tests/support/temp_dir.h"

namespace tutti {
namespace {

class WorkerFolderTest : public testing::Test {
 protected:
  Result<WorkerFolder> Open() { return WorkerFolder::Open(files_, random_, dir_ / "worker"); }

  TempDir dir_;
  PosixFileSystem files_;
  SystemRandom random_;
};

TEST_F(WorkerFolderTest, KeepsIdentityTokenAndSessionNumber) {
  std::string id;
  {
    auto folder = Open();
    ASSERT_TRUE(IsOk(folder));
    id = folder->worker_id();
    EXPECT_EQ(id.size(), 36u);
    EXPECT_EQ(*folder->Token(), std::nullopt);
    ASSERT_TRUE(IsOk(folder->StoreToken("secret")));
    EXPECT_EQ(*folder->NextSession(), 1);
    EXPECT_EQ(*folder->NextSession(), 2);
  }
  auto folder = Open();
  ASSERT_TRUE(IsOk(folder));
  EXPECT_EQ(folder->worker_id(), id);
  EXPECT_EQ(*folder->Token(), "secret");
  EXPECT_EQ(*folder->NextSession(), 3);
}

TEST_F(WorkerFolderTest, TheTokenThatItAsksForStaysTheSameUntilItHasOne) {
  std::string asked;
  {
    auto folder = Open();
    ASSERT_TRUE(IsOk(folder));
    asked = *folder->TokenToAskFor(random_);
    EXPECT_EQ(asked.size(), 64u);
    struct stat info{};
    ASSERT_EQ(::stat(folder->asked_token_file().c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0600u);
    EXPECT_EQ(*folder->Token(), std::nullopt) << "it may not speak by it yet";
  }
  auto folder = Open();
  EXPECT_EQ(*folder->TokenToAskFor(random_), asked);
  ASSERT_TRUE(IsOk(folder->StoreToken(asked)));
  EXPECT_EQ(*folder->Token(), asked);
  EXPECT_FALSE(std::filesystem::exists(folder->asked_token_file()));
  EXPECT_NE(*folder->TokenToAskFor(random_), asked);
}

TEST_F(WorkerFolderTest, TokenAndFolderAreThisUsersAlone) {
  auto folder = Open();
  ASSERT_TRUE(IsOk(folder->StoreToken("secret")));
  struct stat info{};
  ASSERT_EQ(::stat(folder->token_file().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  ASSERT_EQ(::stat(folder->path().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700u);
}

TEST_F(WorkerFolderTest, SecondWorkerInTheSameFolderIsRefused) {
  const auto first = Open();
  ASSERT_TRUE(IsOk(first));
  EXPECT_TRUE(FailsWith(Open(), ErrorCode::kFailedPrecondition, "each needs its own"));
}

TEST_F(WorkerFolderTest, KeepsTheJobsOfAnEarlierDaemon) {
  std::filesystem::create_directories(dir_ / "worker" / "jobs" / "12-1");
  std::ofstream(dir_ / "worker" / "jobs" / "12-1" / "half") << "x";
  const auto folder = Open();
  ASSERT_TRUE(IsOk(folder));
  EXPECT_TRUE(std::filesystem::exists(folder->jobs() / "12-1" / "half"));
}

TEST_F(WorkerFolderTest, RefusesAnIdentityThatIsNone) {
  std::filesystem::create_directories(dir_ / "worker");
  std::ofstream(dir_ / "worker" / "identity") << "me\n";
  EXPECT_TRUE(FailsWith(Open(), ErrorCode::kDataLoss, "expected a UUID, got \"me\""));
}

}  // namespace
}  // namespace tutti
