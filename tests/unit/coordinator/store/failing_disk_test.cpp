// Commits on a disk that fails and then loses power: what was acknowledged is there, whatever
// failed before it.
#include <memory>

#include "coordinator/store/sqlite_store.h"
#include "tests/support/sim_database_disk.h"
#include "tests/unit/coordinator/store/sample_rows.h"
#include "tests/unit/coordinator/store/store_matchers.h"

namespace tutti {
namespace {

class FailingDisk : public testing::TestWithParam<SimDatabaseDisk::Fault> {
 protected:
  FailingDisk() { Open(); }

  void Open() { store_ = Get(SqliteStore::Open(folder_ / "state.db")); }
  Status CommitEvent(const std::string& kind) {
    return store_->Commit({AppendEvent{sample::Event(kind)}});
  }
  std::vector<std::string> Events() {
    std::vector<std::string> kinds;
    for (const EventRecord& event : Get(Get(store_->OpenReader())->Events(0, 1'000))) {
      kinds.push_back(event.kind);
    }
    return kinds;
  }
  void EndProcess() { store_.reset(); }

  TempDir folder_;
  SimDatabaseDisk disk_{7};
  std::unique_ptr<SqliteStore> store_;
};

TEST_P(FailingDisk, AFailedCommitIsNotSeenAndTheNextOneSurvivesAPowerLoss) {
  ASSERT_TRUE(IsOk(CommitEvent("before")));
  disk_.Fail(GetParam());
  EXPECT_FALSE(CommitEvent("failed").ok());
  EXPECT_THAT(Events(), testing::ElementsAre("before"));
  disk_.Fail(SimDatabaseDisk::Fault::kNone);
  ASSERT_TRUE(IsOk(CommitEvent("after")));
  disk_.LosePower([this] { EndProcess(); });
  Open();
  EXPECT_THAT(Events(), testing::ElementsAre("before", "after"));
}

// After the kill the system's memory shows a commit that the disk never took whole, and the next
// process goes on behind it.
TEST_P(FailingDisk, WhatIsCommittedBehindAFailedCommitAndAKillSurvivesAPowerLoss) {
  ASSERT_TRUE(IsOk(CommitEvent("before")));
  disk_.Fail(GetParam());
  EXPECT_FALSE(CommitEvent("failed").ok());
  disk_.Fail(SimDatabaseDisk::Fault::kNone);
  disk_.Kill([this] { EndProcess(); });
  Open();
  ASSERT_TRUE(IsOk(CommitEvent("after")));
  const std::vector<std::string> seen = Events();
  disk_.LosePower([this] { EndProcess(); });
  Open();
  EXPECT_EQ(Events(), seen);
  EXPECT_THAT(seen, testing::AllOf(testing::Contains("before"), testing::Contains("after")));
}

std::string NameOf(const testing::TestParamInfo<SimDatabaseDisk::Fault>& info) {
  constexpr const char* kNames[] = {"None",       "Full",      "ShortWrite",
                                    "WriteError", "SyncError", "ReadOnly"};
  return kNames[static_cast<std::size_t>(info.param)];
}

INSTANTIATE_TEST_SUITE_P(Faults, FailingDisk,
                         testing::Values(SimDatabaseDisk::Fault::kFull,
                                         SimDatabaseDisk::Fault::kShortWrite,
                                         SimDatabaseDisk::Fault::kWriteError,
                                         SimDatabaseDisk::Fault::kSyncError,
                                         SimDatabaseDisk::Fault::kReadOnly),
                         NameOf);

}  // namespace
}  // namespace tutti
