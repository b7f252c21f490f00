#include "coordinator/store/reader_pool.h"

#include <string>
#include <utility>

namespace tutti {

ReaderPool::Loan::~Loan() {
  if (reader_ != nullptr) pool_->GiveBack(std::move(reader_));
}

ReaderPool::ReaderPool(Store& store, const ReaderPoolOptions& options)
    : store_(store), options_(options) {}

Result<ReaderPool::Loan> ReaderPool::Borrow() {
  std::unique_lock lock(mutex_);
  const bool free =
      given_back_.wait_for(lock, options_.max_wait, [&] { return lent_ < options_.max_readers; });
  if (!free) {
    return ResourceExhausted("all " + std::to_string(options_.max_readers) +
                             " readers of the store stayed in use for " +
                             std::to_string(options_.max_wait.count()) + " ms: ask again later");
  }
  ++lent_;
  if (!idle_.empty()) {
    std::unique_ptr<StoreReader> reader = std::move(idle_.back());
    idle_.pop_back();
    return Loan(*this, std::move(reader));
  }
  lock.unlock();  // opening a connection reads the disk
  Result<std::unique_ptr<StoreReader>> opened = store_.OpenReader();
  if (opened.ok()) return Loan(*this, *std::move(opened));
  GiveBack(nullptr);
  return std::move(opened).error();
}

void ReaderPool::GiveBack(std::unique_ptr<StoreReader> reader) {
  {
    const std::scoped_lock lock(mutex_);
    --lent_;
    if (reader != nullptr) idle_.push_back(std::move(reader));
  }
  given_back_.notify_one();
}

}  // namespace tutti
