#include "tests/unit/coordinator/store/store_matchers.h"

#include "coordinator/store/memory_store.h"
#include "coordinator/store/sqlite_store.h"

namespace tutti {

std::unique_ptr<Store> MakeStore(StoreKind kind, const TempDir& folder) {
  if (kind == StoreKind::kMemory) return std::make_unique<MemoryStore>();
  Result<std::unique_ptr<SqliteStore>> store = SqliteStore::Open(folder / "state.db");
  EXPECT_TRUE(IsOk(store));
  return store.ok() ? *std::move(store) : nullptr;
}

void ExpectSameState(const StoredState& a, const StoredState& b) {
  EXPECT_EQ(a.sweeps, b.sweeps);
  EXPECT_EQ(a.feature_sets, b.feature_sets);
  EXPECT_EQ(a.jobs, b.jobs);
  EXPECT_EQ(a.live_attempts, b.live_attempts);
  EXPECT_EQ(a.undecodable, b.undecodable);
  EXPECT_EQ(a.workers, b.workers);
  EXPECT_EQ(a.datasets, b.datasets);
  EXPECT_EQ(a.shards, b.shards);
  EXPECT_EQ(a.last_sweep_id, b.last_sweep_id);
  EXPECT_EQ(a.last_feature_set_id, b.last_feature_set_id);
  EXPECT_EQ(a.last_job_id, b.last_job_id);
}

std::vector<JobId> Ids(const std::vector<JobRecord>& jobs) {
  std::vector<JobId> ids;
  for (const JobRecord& job : jobs) ids.push_back(job.id);
  return ids;
}

}  // namespace tutti
