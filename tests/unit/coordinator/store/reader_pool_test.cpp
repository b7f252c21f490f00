#include "coordinator/store/reader_pool.h"

#include <atomic>
#include <optional>
#include <thread>

#include "coordinator/store/memory_store.h"
#include "coordinator/store/sqlite_store.h"
#include "tests/unit/coordinator/store/sample_rows.h"
#include "tests/unit/coordinator/store/store_matchers.h"

namespace tutti {
namespace {

// Counts what the pool opens; fails when told to.
class CountingStore final : public Store {
 public:
  Status Commit(const Changes& changes) override { return store_.Commit(changes); }
  Result<StoredState> Load() override { return store_.Load(); }
  Result<std::unique_ptr<StoreReader>> OpenReader() override {
    ++opened;
    if (broken) return Unavailable("no reader today");
    return store_.OpenReader();
  }

  std::atomic<int> opened = 0;
  bool broken = false;

 private:
  MemoryStore store_;
};

constexpr ReaderPoolOptions kTwoWithoutWaiting{.max_readers = 2,
                                               .max_wait = std::chrono::milliseconds(0)};

TEST(ReaderPool, AReaderIsUsedAgain) {
  CountingStore store;
  ReaderPool pool(store, kTwoWithoutWaiting);
  for (int i = 0; i < 5; ++i) {
    const auto reader = pool.Borrow();
    ASSERT_TRUE(IsOk(reader));
    EXPECT_TRUE(IsOk((*reader)->Sweeps()));
  }
  EXPECT_EQ(store.opened, 1);
}

TEST(ReaderPool, NoMoreReadersAreLentThanAllowed) {
  CountingStore store;
  ReaderPool pool(store, kTwoWithoutWaiting);
  std::optional<Result<ReaderPool::Loan>> first(pool.Borrow());
  const auto second = pool.Borrow();
  ASSERT_TRUE(IsOk(*first));
  ASSERT_TRUE(IsOk(second));
  EXPECT_TRUE(FailsWith(pool.Borrow(), ErrorCode::kResourceExhausted, "all 2 readers"));
  first.reset();
  EXPECT_TRUE(IsOk(pool.Borrow()));
  EXPECT_EQ(store.opened, 2);
}

TEST(ReaderPool, AFailureToOpenCostsNoPlace) {
  CountingStore store;
  ReaderPool pool(store, kTwoWithoutWaiting);
  store.broken = true;
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(FailsWith(pool.Borrow(), ErrorCode::kUnavailable, "no reader today"));
  }
  store.broken = false;
  EXPECT_TRUE(IsOk(pool.Borrow()));
}

TEST(ReaderPool, ABorrowerWaitsUntilOneIsGivenBack) {
  CountingStore store;
  ReaderPool pool(store, {.max_readers = 1, .max_wait = std::chrono::minutes(1)});
  std::optional<Result<ReaderPool::Loan>> first(pool.Borrow());
  ASSERT_TRUE(IsOk(*first));
  std::atomic<bool> given_back = false;
  std::jthread waiting([&] {
    const auto second = pool.Borrow();
    EXPECT_TRUE(IsOk(second));
    EXPECT_TRUE(given_back);
  });
  given_back = true;
  first.reset();
}

TEST(ReaderPool, ManyThreadsShareFewConnections) {
  const TempDir folder;
  const auto store = Get(SqliteStore::Open(folder / "state.db"));
  ASSERT_TRUE(IsOk(store->Commit(sample::SmallSweep())));
  ReaderPool pool(*store, {.max_readers = 2, .max_wait = std::chrono::minutes(1)});
  std::atomic<int> read = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&] {
        for (int j = 0; j < 50; ++j) {
          const auto reader = pool.Borrow();
          if (reader.ok() && (*reader)->Job(sample::kTrainJob).ok()) ++read;
        }
      });
    }
  }
  EXPECT_EQ(read, 8 * 50);
}

}  // namespace
}  // namespace tutti
