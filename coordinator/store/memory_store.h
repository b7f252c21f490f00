// The store for tests and simulations: the same answers as SqliteStore, nothing survives.
#pragma once

#include <memory>

#include "coordinator/store/store.h"

namespace tutti {

class MemoryStore final : public Store {
 public:
  MemoryStore();
  ~MemoryStore() override;

  Status Commit(const Changes& changes) override;
  Result<StoredState> Load() override;
  // A reader may outlive the store.
  Result<std::unique_ptr<StoreReader>> OpenReader() override;

  struct Shared;

 private:
  std::shared_ptr<Shared> shared_;
};

}  // namespace tutti
