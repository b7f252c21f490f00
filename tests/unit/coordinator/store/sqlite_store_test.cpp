// What only the database has: its file, its versions, its errors, its concurrency.
#include "coordinator/store/sqlite_store.h"

#include <csignal>
#include <fstream>
#include <thread>

#include <sys/resource.h>
#include <sys/stat.h>

#include "coordinator/store/schema.h"
#include "coordinator/store/sqlite_reader.h"
#include "coordinator/store/tables.h"
#include "tests/unit/coordinator/store/sample_rows.h"
#include "tests/unit/coordinator/store/store_matchers.h"

namespace tutti {
namespace {

using sample::kSweep;
using sample::kTrainJob;
using Access = SqliteConnection::Access;
using testing::IsEmpty;

constexpr SqliteOptions kNoPatience{.busy_timeout = std::chrono::milliseconds(0)};

class SqliteStoreTest : public testing::Test {
 protected:
  std::filesystem::path path() const { return folder_ / "state.db"; }
  std::unique_ptr<SqliteStore> OpenStore() { return Get(SqliteStore::Open(path())); }
  std::unique_ptr<SqliteConnection> Connect(Access access = Access::kReadWrite) {
    return Get(SqliteConnection::Open(path(), access, kNoPatience));
  }

  TempDir folder_;
};

Changes OneOfEach() {
  Changes changes = sample::SmallSweep();
  changes.push_back(PutDataset{sample::Dataset("gtzan")});
  changes.push_back(PutAttempt{sample::Attempt(kTrainJob, 1)});
  changes.push_back(PutResult{sample::Result(kTrainJob, 1)});
  changes.push_back(PutEpoch{sample::Epoch(kTrainJob, 1, 1)});
  changes.push_back(PutUndecodable{sample::Undecodable("c", "s")});
  changes.push_back(PutWorker{sample::Worker(sample::kWorker, "w")});
  changes.push_back(PutToken{sample::Token("11", "admin")});
  changes.push_back(AppendEvent{sample::Event("first")});
  changes.push_back(RememberRequest{"a", "reply", UnixMillis{1}});
  return changes;
}

TEST_F(SqliteStoreTest, ReopeningGivesTheSameState) {
  StoredState before;
  {
    const auto store = OpenStore();
    ASSERT_TRUE(IsOk(store->Commit(OneOfEach())));
    before = Get(store->Load());
    EXPECT_EQ(before.jobs.size(), 2U);
  }
  const auto store = OpenStore();
  ExpectSameState(Get(store->Load()), before);
  const auto reader = Get(store->OpenReader());
  EXPECT_EQ(Get(reader->ResultOf(kTrainJob)), sample::Result(kTrainJob, 1));
  EXPECT_EQ(Get(reader->Token("11")), sample::Token("11", "admin"));
  ASSERT_TRUE(IsOk(store->Commit({AppendEvent{sample::Event("second")}})));
  EXPECT_EQ(Get(reader->Events(1, 10)).at(0).number, 2);
}

TEST_F(SqliteStoreTest, TheFileIsPrivateAndInWalMode) {
  const auto store = OpenStore();
  struct stat info{};
  ASSERT_EQ(::stat(path().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
  ASSERT_EQ(::stat((path().string() + "-wal").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
}

TEST_F(SqliteStoreTest, EveryWriterSyncsEachCommitAndChecksReferences) {
  const auto writer = Connect();
  EXPECT_EQ(Get(writer->Number("PRAGMA synchronous")), 2);  // FULL
  EXPECT_EQ(Get(writer->Number("PRAGMA foreign_keys")), 1);
}

TEST_F(SqliteStoreTest, AnEmptyFileIsMigratedOnce) {
  std::ofstream(path()).close();
  OpenStore();
  EXPECT_EQ(Get(Connect()->Number("PRAGMA user_version")), SchemaVersion());
  EXPECT_EQ(Get(Connect()->Number("PRAGMA application_id")), kApplicationId);
  EXPECT_GE(SchemaVersion(), 1);
  OpenStore();
  EXPECT_EQ(Get(Connect()->Number("PRAGMA user_version")), SchemaVersion());
}

TEST_F(SqliteStoreTest, EveryTableIsStrict) {
  OpenStore();
  EXPECT_GT(Get(Connect()->Number("SELECT count(*) FROM pragma_table_list WHERE strict = 1")), 10);
  EXPECT_EQ(Get(Connect()->Number("SELECT count(*) FROM pragma_table_list WHERE strict = 0 AND "
                                  "schema = 'main' AND name NOT LIKE 'sqlite_%'")),
            0);
}

TEST_F(SqliteStoreTest, ADatabaseOfANewerVersionIsRefusedAndLeftAsItIs) {
  OpenStore();
  const std::string newer = std::to_string(SchemaVersion() + 1);
  ASSERT_TRUE(IsOk(Connect()->Execute("PRAGMA user_version = " + newer)));
  EXPECT_TRUE(FailsWith(SqliteStore::Open(path()), ErrorCode::kFailedPrecondition,
                        "schema version " + newer));
  EXPECT_EQ(Get(Connect()->Number("PRAGMA user_version")), SchemaVersion() + 1);
}

TEST_F(SqliteStoreTest, AnotherProgramsDatabaseIsRefused) {
  ASSERT_TRUE(IsOk(Connect()->Execute("CREATE TABLE bookmarks (url TEXT)")));
  EXPECT_TRUE(
      FailsWith(SqliteStore::Open(path()), ErrorCode::kFailedPrecondition, "another program"));
}

TEST_F(SqliteStoreTest, AFileThatIsNoDatabaseIsRefused) {
  std::ofstream(path()) << std::string(10'000, 'x');
  EXPECT_TRUE(FailsWith(SqliteStore::Open(path()), ErrorCode::kDataLoss, "not a database"));
}

TEST_F(SqliteStoreTest, AMissingFolderIsNotFound) {
  EXPECT_TRUE(
      FailsWith(SqliteStore::Open(folder_ / "no" / "state.db"), ErrorCode::kNotFound, "no"));
}

TEST_F(SqliteStoreTest, ADamagedRowIsNamed) {
  const auto store = OpenStore();
  ASSERT_TRUE(IsOk(store->Commit(OneOfEach())));
  const auto reader = Get(store->OpenReader());
  const auto damage = [&](const std::string& sql) { ASSERT_TRUE(IsOk(Connect()->Execute(sql))); };
  damage("UPDATE job SET phase = 'sleeping' WHERE id = 2");
  EXPECT_TRUE(FailsWith(reader->Job(kTrainJob), ErrorCode::kDataLoss,
                        "table job, row 2, column phase: expected a word that it knows, got "
                        "\"sleeping\""));
  EXPECT_TRUE(FailsWith(store->Load(), ErrorCode::kDataLoss, "table job, row 2"));
  damage("UPDATE attempt SET log_tail_json = '[1]'");
  EXPECT_TRUE(FailsWith(reader->Attempts(kTrainJob), ErrorCode::kDataLoss, "log_tail_json"));
  damage("UPDATE result SET predictions_json = '[[1,2]]'");
  EXPECT_TRUE(FailsWith(reader->ResultOf(kTrainJob), ErrorCode::kDataLoss, "predictions_json"));
  damage("UPDATE epoch SET attempt = 1, epoch = 1 << 40");
  EXPECT_TRUE(FailsWith(reader->Epochs(kTrainJob, 1), ErrorCode::kDataLoss, "column epoch"));
  damage("UPDATE token SET role = 'god'");
  EXPECT_TRUE(FailsWith(reader->Tokens(), ErrorCode::kDataLoss, "table token"));
  damage("UPDATE dataset SET classes_json = '{'");
  EXPECT_TRUE(FailsWith(reader->Dataset("gtzan"), ErrorCode::kDataLoss, "classes_json"));
}

TEST_F(SqliteStoreTest, ADamagedPageIsDataLoss) {
  Changes changes = sample::SmallSweep();
  for (std::int64_t id = 10; id < 500; ++id) changes.push_back(PutJob{sample::TrainJob(JobId{id})});
  {
    const auto store = OpenStore();
    ASSERT_TRUE(IsOk(store->Commit(changes)));
  }
  {
    std::fstream file(path(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(4096);  // all but the first page
    file << std::string(std::filesystem::file_size(path()) - 4096, '\x5a');
  }
  const Result<std::unique_ptr<SqliteStore>> store = SqliteStore::Open(path());
  EXPECT_TRUE(FailsWith(store.ok() ? (*store)->Load() : store.error(), ErrorCode::kDataLoss, ""));
}

TEST_F(SqliteStoreTest, AFullDiskIsSaidAndLeavesTheStoreUsable) {
  const auto store = OpenStore();
  ASSERT_TRUE(IsOk(store->Commit(sample::SmallSweep())));
  const StoredState before = Get(store->Load());
  ::signal(SIGXFSZ, SIG_IGN);
  struct rlimit usual{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &usual), 0);
  const struct rlimit small = {1 << 20, usual.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  SweepRecord big = sample::Sweep(SweepId{2});
  big.source = std::string(4 << 20, 's');
  const Status refused = store->Commit({AppendEvent{sample::Event("first")}, PutSweep{big}});
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &usual), 0);
  EXPECT_TRUE(FailsWith(refused, ErrorCode::kResourceExhausted, ""));
  ExpectSameState(Get(store->Load()), before);
  EXPECT_THAT(Get(Get(store->OpenReader())->Events(0, 10)), IsEmpty());
  EXPECT_TRUE(IsOk(store->Commit({PutSweep{big}})));
}

TEST_F(SqliteStoreTest, AReaderDoesNotHoldUpTheWriter) {
  const auto store = Get(SqliteStore::Open(path(), kNoPatience));
  const auto reading = Connect(Access::kReadOnly);
  const auto snapshot = SqliteTransaction::Begin(*reading, SqliteTransaction::Kind::kRead);
  ASSERT_TRUE(IsOk(snapshot));
  EXPECT_THAT(Get(ReadSweeps(*reading)), IsEmpty());
  EXPECT_TRUE(IsOk(store->Commit({PutSweep{sample::Sweep(kSweep)}})));
  EXPECT_THAT(Get(ReadSweeps(*reading)), IsEmpty());  // its snapshot is older
  EXPECT_EQ(Get(Get(store->OpenReader())->Sweeps()).size(), 1U);
}

TEST_F(SqliteStoreTest, AWriterInTheMiddleDoesNotHoldUpAReader) {
  const auto store = Get(SqliteStore::Open(path(), kNoPatience));
  const auto reader = Get(store->OpenReader());
  const auto writing = Connect();
  const auto transaction = SqliteTransaction::Begin(*writing, SqliteTransaction::Kind::kWrite);
  ASSERT_TRUE(IsOk(transaction));
  ASSERT_TRUE(IsOk(Write(*writing, PutSweep{sample::Sweep(kSweep)})));
  EXPECT_THAT(Get(reader->Sweeps()), IsEmpty());
  // A second writer is told, not kept waiting.
  EXPECT_TRUE(FailsWith(store->Commit({}), ErrorCode::kUnavailable, "locked"));
}

TEST_F(SqliteStoreTest, ReadersInManyThreadsSeeWholeBatches) {
  constexpr std::int64_t kBatches = 100;
  const auto store = OpenStore();
  std::vector<std::jthread> threads;
  std::vector<std::string> complaints(3);
  for (std::string& complaint : complaints) {
    threads.emplace_back([&store, &complaint] {
      const auto reader = Get(store->OpenReader());
      for (std::size_t seen = 0; seen < 2 * kBatches && complaint.empty();) {
        const auto events = reader->Events(0, 10 * kBatches);
        if (!events.ok()) complaint = events.error().message;
        seen = events.ok() ? events->size() : 0;
        if (seen % 2 != 0) complaint = "half a batch";
      }
    });
  }
  for (std::int64_t i = 0; i < kBatches; ++i) {
    ASSERT_TRUE(
        IsOk(store->Commit({AppendEvent{sample::Event("a")}, AppendEvent{sample::Event("b")}})));
  }
  threads.clear();
  EXPECT_THAT(complaints, testing::Each(std::string()));
}

TEST_F(SqliteStoreTest, AReaderCannotWrite) {
  OpenStore();
  const auto reading = Connect(Access::kReadOnly);
  EXPECT_FALSE(Write(*reading, PutSweep{sample::Sweep(kSweep)}).ok());
}

}  // namespace
}  // namespace tutti
