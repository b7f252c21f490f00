// The power fails at any moment: what was acknowledged is there afterwards, rows and blobs, and the
// check finds nothing.
#include <functional>
#include <set>
#include <string>

#include "common/hash.h"
#include "coordinator/blobs/blob_keeper.h"
#include "coordinator/blobs/blob_upload.h"
#include "coordinator/store/sqlite_store.h"
#include "coordinator/upkeep/collection.h"
#include "coordinator/upkeep/state_check.h"
#include "coordinator/upkeep/state_files.h"
#include "tests/support/fake_clock.h"
#include "tests/support/lossy_file_system.h"
#include "tests/unit/coordinator/store/lossy_vfs.h"
#include "tests/unit/coordinator/store/sample_rows.h"
#include "tests/unit/coordinator/store/store_matchers.h"

namespace tutti {
namespace {

std::string WeightsOf(std::int64_t number) {
  return "weights of run " + std::to_string(number);
}

Changes RunNaming(std::int64_t number, const std::string& hash) {
  JobRecord job = sample::CommandJob(JobId{number});
  job.key = Sha256Hex("run " + std::to_string(number));
  job.phase = JobPhase::kSucceeded;
  job.last_attempt = 1;
  job.failure.reset();
  job.tally = {};
  job.config_json = "\"" + std::string(150'000, 'c') + "\"";  // many pages: checkpoints happen
  ResultRecord result = sample::Result(job.id, 1);
  result.artifacts = {{"best", hash, 1}};
  return {PutJob{job}, PutAttempt{sample::Attempt(job.id, 1, AttemptOutcome::kSucceeded)},
          PutResult{result}};
}

// A coordinator's work on disks that forget what was not synced: uploads a blob, commits a row that
// names it, removes old rows and collects. Before each step of either disk the power fails, in a
// copy.
class PowerLoss : public testing::Test {
 protected:
  void Work(std::int64_t runs) {
    const LossyVfs database_disk(
        durable_database_.path(), [this](const auto& file) { FailWhileSyncing(file); },
        disk_.path());
    const auto store = Get(SqliteStore::Open(disk_ / kDatabaseFile));
    SweepRecord sweep = sample::Sweep(sample::kSweep);
    sweep.dataset_version.clear();
    ASSERT_TRUE(IsOk(store->Commit({PutSweep{sweep}})));
    const auto blobs = Get(BlobStore::Open(files_, disk_ / kBlobsFolder));
    BlobKeeper keeper(*blobs, clock_, {.pin = {}, .settle = {}});
    is_on_ = true;
    for (std::int64_t number = 1; number <= runs && !HasFailure(); ++number) {
      Upload(*blobs, WeightsOf(number));
      ASSERT_TRUE(IsOk(store->Commit(RunNaming(number, Sha256Hex(WeightsOf(number))))));
      acknowledged_.insert(number);
      if (number % 5 != 0) continue;
      // From here on it may be there or not.
      acknowledged_.erase(number - 3);
      ASSERT_TRUE(IsOk(store->Commit({RemoveRun{JobId{number - 3}}})));
      Collect(*store, *blobs, keeper);
      EXPECT_FALSE(Get(blobs->Has(Sha256Hex(WeightsOf(number - 3)))));
    }
    is_on_ = false;
  }

  int losses() const { return losses_; }

 private:
  void Upload(BlobStore& blobs, const std::string& bytes) {
    const auto upload = Get(blobs.BeginUpload(Sha256Hex(bytes), std::ssize(bytes)));
    ASSERT_TRUE(IsOk(upload->Append(bytes)));
    ASSERT_TRUE(IsOk(upload->Commit()));
  }
  void Collect(SqliteStore& store, BlobStore& blobs, BlobKeeper& keeper) {
    Result<Collection> collection =
        Collection::Begin(files_, disk_.path(), blobs, keeper, LiveAttempts{});
    ASSERT_TRUE(IsOk(collection));
    const auto reader = Get(store.OpenReader());
    ASSERT_TRUE(IsOk(collection->ReadNames(*reader)));
    for (int folder = 0; folder < kBlobFolders; ++folder) {
      ASSERT_TRUE(IsOk(collection->RemoveFrom(folder)));
    }
  }

  // All of the last sync, with nothing of what was written since.
  void Fail() {
    if (!is_on_ || HasFailure()) return;
    Examine([](const std::filesystem::path&) {});
  }
  // And with some of what was written since.
  void FailWhileSyncing(const std::filesystem::path& file) {
    Fail();
    if (!is_on_ || HasFailure()) return;
    Examine([&](const std::filesystem::path& left) {
      WriteTornFile(durable_database_ / file.filename(), file, static_cast<std::uint32_t>(losses_),
                    left / file.filename());
    });
  }
  void Examine(const std::function<void(const std::filesystem::path& left)>& change) {
    is_on_ = false;  // what looks at the copy loses nothing
    ++losses_;
    SCOPED_TRACE("power loss " + std::to_string(losses_) + ", acknowledged up to " +
                 std::to_string(acknowledged_.empty() ? 0 : *acknowledged_.rbegin()));
    const TempDir left;
    files_.WriteWhatIsDurable(left.path());
    for (const auto& entry : std::filesystem::directory_iterator(durable_database_.path())) {
      std::filesystem::copy(entry.path(), left / entry.path().filename());
    }
    change(left.path());
    ExpectWhatWasAcknowledged(left.path());
    is_on_ = true;
  }
  void ExpectWhatWasAcknowledged(const std::filesystem::path& left) {
    // As a start does: the log is read, leftovers go.
    const auto store = Get(SqliteStore::Open(left / kDatabaseFile));
    const auto blobs = Get(BlobStore::Open(real_, left / kBlobsFolder));
    const auto reader = Get(store->OpenReader());
    for (const std::int64_t number : acknowledged_) {
      ASSERT_TRUE(IsOk(reader->ResultOf(JobId{number})));
      EXPECT_EQ(Get(blobs->Read(Sha256Hex(WeightsOf(number)))), WeightsOf(number));
    }
    const StateCheck check = Get(CheckState(real_, clock_, left));
    for (const Finding& finding : check.findings) ADD_FAILURE() << Describe(finding);
  }

  TempDir disk_;
  TempDir durable_database_;
  LossyFileSystem files_{disk_.path(), [this] { Fail(); }};
  PosixFileSystem real_;
  FakeClock clock_;
  std::set<std::int64_t> acknowledged_;
  bool is_on_ = false;
  int losses_ = 0;
};

TEST_F(PowerLoss, AtAnyMomentLeavesWhatWasAcknowledgedAndASoundState) {
  Work(40);
  EXPECT_GT(losses(), 300);
}

}  // namespace
}  // namespace tutti
