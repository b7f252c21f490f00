// Readers to borrow: as many threads as like may ask, a bounded number of connections serves them.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

#include "common/result.h"
#include "coordinator/store/store.h"

namespace tutti {

struct ReaderPoolOptions {
  std::size_t max_readers = 8;
  // How long Borrow waits while all are lent.
  std::chrono::milliseconds max_wait{10'000};
};

// Thread-safe. Must outlive what it lent; the store must outlive it.
class ReaderPool {
 public:
  // A borrowed reader; given back when destroyed. Used by one thread at a time.
  class Loan {
   public:
    Loan(Loan&& other) noexcept = default;
    Loan& operator=(Loan&&) = delete;
    ~Loan();
    StoreReader& operator*() const { return *reader_; }
    StoreReader* operator->() const { return reader_.get(); }

   private:
    friend class ReaderPool;
    Loan(ReaderPool& pool, std::unique_ptr<StoreReader> reader)
        : pool_(&pool), reader_(std::move(reader)) {}

    ReaderPool* pool_;
    std::unique_ptr<StoreReader> reader_;  // null: moved away
  };

  ReaderPool(Store& store, const ReaderPoolOptions& options);

  // kResourceExhausted: all readers stayed lent for max_wait. Else the error of opening one.
  Result<Loan> Borrow();

 private:
  void GiveBack(std::unique_ptr<StoreReader> reader);

  Store& store_;
  const ReaderPoolOptions options_;
  std::mutex mutex_;
  std::condition_variable given_back_;
  std::vector<std::unique_ptr<StoreReader>> idle_;
  std::size_t lent_ = 0;
};

}  // namespace tutti
