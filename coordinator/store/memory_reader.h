// Reads the memory store's tables, under their lock, one call at a time.
#pragma once

#include <memory>
#include <shared_mutex>

#include "coordinator/store/memory_store.h"
#include "coordinator/store/memory_tables.h"
#include "coordinator/store/store.h"

namespace tutti {

struct MemoryStore::Shared {
  std::shared_mutex mutex;
  MemoryTables tables;
};

std::unique_ptr<StoreReader> MakeMemoryReader(std::shared_ptr<MemoryStore::Shared> shared);

}  // namespace tutti
