// What a backup holds, what a restore makes of it, and what the check finds.
#include "coordinator/upkeep/backup.h"

#include <atomic>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <unistd.h>

#include <sys/stat.h>

#include "common/hash.h"
#include "coordinator/blobs/blob_upload.h"
#include "coordinator/store/sqlite_store.h"
#include "coordinator/upkeep/collection.h"
#include "coordinator/upkeep/commands.h"
#include "coordinator/upkeep/state_check.h"
#include "coordinator/upkeep/state_files.h"
#include "tests/support/fake_clock.h"
#include "tests/unit/coordinator/store/sample_rows.h"
#include "tests/unit/coordinator/store/store_matchers.h"

namespace tutti {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

// One that a core can be made of.
JobRecord RunRow(JobId id, JobPhase phase) {
  JobRecord job = sample::CommandJob(id);
  job.key = Sha256Hex("run " + std::to_string(id.value));
  job.phase = phase;
  job.last_attempt = 1;
  job.failure.reset();
  job.tally = {};
  return job;
}

// A state folder with one run whose result names a blob.
class Backup : public testing::Test {
 protected:
  Backup() {
    std::filesystem::create_directories(state());
    store_ = Get(SqliteStore::Open(state() / kDatabaseFile));
    blobs_ = Get(BlobStore::Open(files_, state() / kBlobsFolder));
    SweepRecord sweep = sample::Sweep(sample::kSweep);
    sweep.dataset_version.clear();
    weights_ = Upload("weights");
    ResultRecord result = sample::Result(JobId{1}, 1);
    result.artifacts = {{"best", weights_, 7}};
    EXPECT_TRUE(
        IsOk(store_->Commit({PutSweep{sweep}, PutJob{RunRow(JobId{1}, JobPhase::kSucceeded)},
                             PutAttempt{sample::Attempt(JobId{1}, 1, AttemptOutcome::kSucceeded)},
                             PutResult{result}})));
    std::ofstream(state() / "admin.json") << "{}";
  }

  std::filesystem::path state() const { return folder_ / "state"; }
  std::filesystem::path backup() const { return folder_ / "backup"; }
  static std::filesystem::path BlobIn(const std::filesystem::path& state, const std::string& hash) {
    return state / kBlobsFolder / hash.substr(0, 2) / hash;
  }
  std::string Upload(const std::string& bytes) {
    const std::string hash = Sha256Hex(bytes);
    const auto upload = Get(blobs_->BeginUpload(hash, std::ssize(bytes)));
    EXPECT_TRUE(IsOk(upload->Append(bytes)));
    EXPECT_TRUE(IsOk(upload->Commit()));
    return hash;
  }
  StateCheck Check(const std::filesystem::path& folder) {
    return Get(CheckState(files_, clock_, folder));
  }

  TempDir folder_;
  PosixFileSystem files_;
  FakeClock clock_;
  std::unique_ptr<SqliteStore> store_;
  std::unique_ptr<BlobStore> blobs_;
  std::string weights_;
};

std::optional<struct stat> StatOf(const std::filesystem::path& path) {
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) return std::nullopt;
  return info;
}

TEST_F(Backup, HoldsTheRowsAndWhatTheyNameAndNothingElse) {
  const std::string garbage = Upload("garbage");
  const BackupReport report = Get(BackUpState(files_, state(), backup()));
  EXPECT_EQ(report.blobs, 1);
  EXPECT_EQ(report.blob_bytes, 7);
  EXPECT_EQ(report.linked, 1);
  EXPECT_FALSE(files_.Exists(BlobIn(backup(), garbage)));
  const auto original = StatOf(BlobIn(state(), weights_));
  const auto copy = StatOf(BlobIn(backup(), weights_));
  ASSERT_TRUE(original && copy);
  EXPECT_EQ(original->st_ino, copy->st_ino);
  EXPECT_TRUE(files_.Exists(backup() / "admin.json"));
  const auto copied = Get(SqliteStore::OpenForReading(backup() / kDatabaseFile));
  ExpectSameState(Get(copied->Load()), Get(store_->Load()));
  EXPECT_THAT(Check(backup()).findings, IsEmpty());
}

TEST_F(Backup, OnlyItsOwnerCanReadIt) {
  ASSERT_TRUE(IsOk(BackUpState(files_, state(), backup())));
  EXPECT_EQ(StatOf(backup())->st_mode & 0777, 0700U);
  EXPECT_EQ(StatOf(backup() / kDatabaseFile)->st_mode & 0777, 0600U);
  EXPECT_EQ(StatOf(backup() / "admin.json")->st_mode & 0777, 0600U);
}

TEST_F(Backup, OnAnotherFileSystemItIsACopy) {
  const std::filesystem::path elsewhere =
      "/dev/shm/tutti-backup-test-" + std::to_string(::getpid());
  const auto there = StatOf("/dev/shm");
  if (!there || there->st_dev == StatOf(folder_.path())->st_dev) {
    GTEST_SKIP() << "/dev/shm is no other file system here";
  }
  const BackupReport report = Get(BackUpState(files_, state(), elsewhere));
  EXPECT_EQ(report.blobs, 1);
  EXPECT_EQ(report.linked, 0);
  EXPECT_THAT(Check(elsewhere).findings, IsEmpty());
  std::filesystem::remove_all(elsewhere);
}

TEST_F(Backup, IsOfOneMomentAlsoWhileTheCoordinatorWrites) {
  std::atomic<bool> done = false;
  std::atomic<std::int64_t> written = 0;
  std::jthread writer([&] {
    for (std::int64_t i = 2; !done; ++i) {
      const std::string hash = Upload("weights of " + std::to_string(i));
      ResultRecord result = sample::Result(JobId{i}, 1);
      result.artifacts = {{"best", hash, 1}};
      EXPECT_TRUE(
          IsOk(store_->Commit({PutJob{RunRow(JobId{i}, JobPhase::kSucceeded)},
                               PutAttempt{sample::Attempt(JobId{i}, 1, AttemptOutcome::kSucceeded)},
                               PutResult{result}})));
      written = i;
    }
  });
  for (int i = 0; i < 5; ++i) {
    const std::filesystem::path target = folder_ / ("backup-" + std::to_string(i));
    const std::int64_t before = written;
    const BackupReport report = Get(BackUpState(files_, state(), target));
    EXPECT_GE(report.blobs, before);
    const StateCheck check = Check(target);
    EXPECT_EQ(check.blobs, report.blobs);
    for (const Finding& finding : check.findings) ADD_FAILURE() << Describe(finding);
  }
  done = true;
}

TEST_F(Backup, WaitsForACollectionAndHoldsOneOff) {
  BlobKeeper keeper(*blobs_, clock_, {});
  std::optional<Collection> collection(std::in_place,
                                       *Collection::Begin(files_, state(), *blobs_, keeper, {}));
  std::atomic<bool> ended = false;
  std::jthread backing_up([&] {
    EXPECT_TRUE(IsOk(BackUpState(files_, state(), backup())));
    EXPECT_TRUE(ended);
  });
  ended = true;
  collection.reset();
}

TEST_F(Backup, AFolderThatHasSomethingInItIsRefused) {
  std::filesystem::create_directories(backup());
  std::ofstream(backup() / "thesis.txt") << "precious";
  EXPECT_TRUE(FailsWith(BackUpState(files_, state(), backup()), ErrorCode::kFailedPrecondition,
                        "is not empty (it has thesis.txt): name a new one"));
  EXPECT_TRUE(FailsWith(RestoreState(files_, state(), backup()), ErrorCode::kFailedPrecondition,
                        "is not empty"));
  EXPECT_THAT(Get(files_.ListDirectory(backup())), SizeIs(1));
}

TEST_F(Backup, OneThatFailsLeavesNothingBehind) {
  std::filesystem::remove(BlobIn(state(), weights_));
  EXPECT_TRUE(FailsWith(BackUpState(files_, state(), backup()), ErrorCode::kNotFound, weights_));
  EXPECT_THAT(Get(files_.ListDirectory(folder_.path())), testing::ElementsAre("state"));
}

TEST_F(Backup, AFolderWithoutStateIsSaidToBeOne) {
  EXPECT_TRUE(FailsWith(BackUpState(files_, folder_ / "nowhere", backup()), ErrorCode::kNotFound,
                        "holds no coordinator's state"));
  EXPECT_TRUE(FailsWith(CheckState(files_, clock_, folder_ / "nowhere"), ErrorCode::kNotFound,
                        "holds no coordinator's state"));
}

TEST_F(Backup, RestoresIntoANewFolderThatACoordinatorCanUse) {
  ASSERT_TRUE(IsOk(BackUpState(files_, state(), backup())));
  const std::filesystem::path restored = folder_ / "restored";
  std::ostringstream out;
  EXPECT_EQ(Get(RestoreCommand(files_, clock_, backup(), restored, out)), 0) << out.str();
  EXPECT_THAT(out.str(), HasSubstr("start tutti-coordinator --state " + restored.string()));
  const auto store = Get(SqliteStore::Open(restored / kDatabaseFile));
  ExpectSameState(Get(store->Load()), Get(store_->Load()));
  const auto blobs = Get(BlobStore::Open(files_, restored / kBlobsFolder));
  EXPECT_EQ(Get(blobs->Read(weights_)), "weights");
  // What the restored coordinator does is not seen by the backup.
  ASSERT_TRUE(IsOk(store->Commit({AppendEvent{sample::Event("later")}})));
  const auto copy = Get(SqliteStore::OpenForReading(backup() / kDatabaseFile));
  EXPECT_THAT(Get(Get(copy->OpenReader())->Events(0, 10)), IsEmpty());
}

TEST_F(Backup, ADamagedOneIsNotRestored) {
  ASSERT_TRUE(IsOk(BackUpState(files_, state(), backup())));
  std::filesystem::remove(BlobIn(backup(), weights_));
  std::ostringstream out;
  EXPECT_EQ(Get(RestoreCommand(files_, clock_, backup(), folder_ / "restored", out)), 1);
  EXPECT_THAT(out.str(), HasSubstr("1 findings"));
  EXPECT_FALSE(files_.Exists(folder_ / "restored"));
}

TEST_F(Backup, TheCheckTellsAMissingBlobAndTheRowThatNamesIt) {
  std::filesystem::remove(BlobIn(state(), weights_));
  const StateCheck check = Check(state());
  ASSERT_THAT(check.findings, SizeIs(1));
  EXPECT_THAT(Describe(check.findings[0]),
              AllOf(HasSubstr("a blob is missing"), HasSubstr(BlobIn(state(), weights_).string()),
                    HasSubstr("result of job 1 (best)"), HasSubstr("put the file back")));
}

TEST_F(Backup, TheCheckTellsABlobThatTheDiskChanged) {
  std::ofstream(BlobIn(state(), weights_)) << "wEights";
  const StateCheck check = Check(state());
  ASSERT_THAT(check.findings, SizeIs(1));
  EXPECT_THAT(Describe(check.findings[0]),
              AllOf(HasSubstr("changed by the disk"), HasSubstr("expected SHA-256 " + weights_),
                    HasSubstr("got SHA-256 " + Sha256Hex("wEights") + " of 7 bytes")));
}

TEST_F(Backup, TheCheckTellsADamagedDatabase) {
  ASSERT_TRUE(IsOk(BackUpState(files_, state(), backup())));
  {
    std::fstream file(backup() / kDatabaseFile, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(0, std::ios::end);
    const auto size = static_cast<std::int64_t>(file.tellp());
    file.seekp(size / 2);
    file << std::string(8'192, '\xff');
  }
  const StateCheck check = Check(backup());
  ASSERT_FALSE(check.findings.empty());
  EXPECT_EQ(check.findings[0].what, "the database is damaged");
}

TEST_F(Backup, TheCheckTellsRowsThatContradictEachOther) {
  // By no worker.
  ASSERT_TRUE(IsOk(store_->Commit({PutJob{RunRow(JobId{2}, JobPhase::kRunning)}})));
  const StateCheck check = Check(state());
  ASSERT_FALSE(check.findings.empty());
  EXPECT_THAT(Describe(check.findings[0]),
              AllOf(HasSubstr("stored rows contradict each other"), HasSubstr("job 2 (running)")));
}

TEST_F(Backup, ADatabaseOfAnotherVersionIsNotLookedAt) {
  store_.reset();
  const auto connection = Get(
      SqliteConnection::Open(state() / kDatabaseFile, SqliteConnection::Access::kReadWrite, {}));
  ASSERT_TRUE(IsOk(connection->Execute("PRAGMA user_version = 4711")));
  EXPECT_TRUE(
      FailsWith(CheckState(files_, clock_, state()), ErrorCode::kFailedPrecondition, "4711"));
}

}  // namespace
}  // namespace tutti
