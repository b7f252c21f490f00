// Stores to test and what their answers are compared with.
#pragma once

#include <memory>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "coordinator/store/store.h"
#include "tests/support/result_matchers.h"
#include "tests/support/temp_dir.h"

namespace tutti {

enum class StoreKind { kMemory, kSqlite };

// A store in `folder`, which must outlive it.
std::unique_ptr<Store> MakeStore(StoreKind kind, const TempDir& folder);

// The value of a result that must be there.
template <class T>
T Get(Result<T> result) {
  EXPECT_TRUE(IsOk(result));
  return result.ok() ? *std::move(result) : T();
}

void ExpectSameState(const StoredState& a, const StoredState& b);

std::vector<JobId> Ids(const std::vector<JobRecord>& jobs);

}  // namespace tutti
