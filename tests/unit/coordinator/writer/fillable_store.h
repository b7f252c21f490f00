// A store whose disk fails when a test says so, and a listener that counts.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "coordinator/store/memory_store.h"
#include "coordinator/writer/group_commit.h"

namespace tutti {

// It counts what it was asked.
class FillableStore final : public Store {
 public:
  Status Commit(const Changes& changes) override {
    ++commits;
    if (full) return Error{ErrorCode::kResourceExhausted, "disk full"};
    return inner_.Commit(changes);
  }
  Result<StoredState> Load() override {
    ++loads;
    if (unreadable) return DataLoss("disk I/O error");
    return inner_.Load();
  }
  Result<std::unique_ptr<StoreReader>> OpenReader() override { return inner_.OpenReader(); }

  std::atomic<bool> full = false;
  std::atomic<bool> unreadable = false;
  std::atomic<int> commits = 0;
  std::atomic<int> loads = 0;

 private:
  MemoryStore inner_;
};

class CountingListener final : public WriterListener {
 public:
  void OnGrants(const std::vector<Grant>& grants) override {
    granted += static_cast<int>(grants.size());
  }
  void OnReset(const Error& why) override {
    ++resets;
    last_reset = why.message;
  }

  std::atomic<int> granted = 0;
  std::atomic<int> resets = 0;
  std::string last_reset;
};

}  // namespace tutti
