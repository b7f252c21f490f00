// What was acknowledged is there afterwards: after the process was killed, and after the power was
// lost.
#include <csignal>
#include <optional>
#include <unistd.h>

#include <sys/wait.h>

#include "common/unique_fd.h"
#include "coordinator/store/sqlite_store.h"
#include "tests/unit/coordinator/store/lossy_vfs.h"
#include "tests/unit/coordinator/store/sample_rows.h"
#include "tests/unit/coordinator/store/store_matchers.h"

namespace tutti {
namespace {

using testing::SizeIs;

// The batch of this number: rows in several tables, which must be there together.
Changes Batch(std::int64_t number) {
  JobRecord job = sample::TrainJob(JobId{number});
  job.config_json = std::string(50'000, 'c');  // many pages, so that checkpoints happen
  return {PutSweep{sample::Sweep(sample::kSweep, number)}, PutJob{job},
          PutAttempt{sample::Attempt(job.id, 1)}, PutResult{sample::Result(job.id, 1)},
          AppendEvent{sample::Event("batch")}};
}

// Batches 1 … n are there, whole, and n is at least `acknowledged`.
void ExpectWholeBatches(Store& store, std::int64_t acknowledged) {
  const auto reader = Get(store.OpenReader());
  const auto count = std::ssize(Get(reader->Events(0, 1'000'000)));
  EXPECT_GE(count, acknowledged);
  const StoredState state = Get(store.Load());
  EXPECT_THAT(state.jobs, SizeIs(count));
  EXPECT_EQ(state.last_job_id, count);
  EXPECT_THAT(state.live_attempts, SizeIs(count));
  EXPECT_THAT(Get(reader->ResultsOf(sample::kSweep)), SizeIs(count));
  if (count > 0) {
    EXPECT_EQ(state.sweeps.at(0), sample::Sweep(sample::kSweep, count));
  }
}

// In the child: commits until killed, telling the number of each acknowledged batch.
[[noreturn]] void CommitForever(const std::filesystem::path& path, int tell) {
  Result<std::unique_ptr<SqliteStore>> store = SqliteStore::Open(path);
  for (std::int64_t number = 1; store.ok(); ++number) {
    if (!(*store)->Commit(Batch(number)).ok()) break;
    if (::write(tell, &number, sizeof(number)) != sizeof(number)) break;
  }
  ::_exit(1);
}

TEST(Durability, WhatWasAcknowledgedSurvivesAKill) {
  constexpr std::int64_t kEnough = 120;
  const TempDir folder;
  int ends[2] = {-1, -1};
  ASSERT_EQ(::pipe(ends), 0);
  const UniqueFd hear(ends[0]);
  UniqueFd tell(ends[1]);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) CommitForever(folder / "state.db", tell.get());
  tell.Reset();
  std::int64_t acknowledged = 0;
  bool killed = false;
  std::int64_t number = 0;
  // After the kill the pipe still holds what was told before it.
  while (::read(hear.get(), &number, sizeof(number)) == sizeof(number)) {
    acknowledged = number;
    if (acknowledged >= kEnough && !killed) {
      ASSERT_EQ(::kill(child, SIGKILL), 0);
      killed = true;
    }
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
  const auto store = Get(SqliteStore::Open(folder / "state.db"));
  ExpectWholeBatches(*store, acknowledged);
  // And it goes on.
  const auto next = Get(store->Load()).last_job_id + 1;
  EXPECT_TRUE(IsOk(store->Commit(Batch(next))));
  ExpectWholeBatches(*store, next);
}

TEST(Durability, WhatWasAcknowledgedSurvivesAPowerLoss) {
  constexpr std::int64_t kBatches = 120;
  const TempDir disk;
  const TempDir durable;
  std::vector<std::pair<std::int64_t, std::filesystem::path>> losses;
  {
    const LossyVfs lossy(durable.path());
    const auto store = Get(SqliteStore::Open(disk / "state.db"));
    const int syncs_before = lossy.syncs();
    for (std::int64_t number = 1; number <= kBatches; ++number) {
      ASSERT_TRUE(IsOk(store->Commit(Batch(number))));
      if (number % 10 != 3) continue;
      losses.emplace_back(number, disk / ("after-" + std::to_string(number)));
      std::filesystem::copy(durable.path(), losses.back().second);
    }
    EXPECT_GE(lossy.syncs() - syncs_before, kBatches);
  }
  for (const auto& [acknowledged, folder] : losses) {
    SCOPED_TRACE(acknowledged);
    const auto store = Get(SqliteStore::Open(folder / "state.db"));
    ExpectWholeBatches(*store, acknowledged);
  }
}

TEST(Durability, ThePowerLossIsReal) {
  const TempDir disk;
  const TempDir durable;
  {
    const LossyVfs lossy(durable.path());
    const auto store = Get(SqliteStore::Open(disk / "state.db"));
    const auto careless =
        Get(SqliteConnection::Open(disk / "state.db", SqliteConnection::Access::kReadWrite, {}));
    ASSERT_TRUE(IsOk(careless->Execute("PRAGMA synchronous = NORMAL")));
    ASSERT_TRUE(
        IsOk(careless->Execute("INSERT INTO event VALUES (NULL, 0, '', NULL, NULL, 0, NULL, '')")));
    ASSERT_EQ(Get(Get(store->OpenReader())->Events(0, 10)).size(), 1U);
    std::filesystem::copy(durable.path(), disk / "after");
  }
  const auto store = Get(SqliteStore::Open(disk / "after" / "state.db"));
  EXPECT_EQ(Get(Get(store->OpenReader())->Events(0, 10)).size(), 0U);
}

}  // namespace
}  // namespace tutti
