#include "coordinator/upkeep/disk_guard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/disk_space.h"
#include "tests/support/result_matchers.h"
#include "tests/support/temp_dir.h"

namespace tutti {
namespace {

class DiskGuardTest : public testing::Test {
 protected:
  std::uint64_t free_ = 100 << 20;
  bool can_tell_ = true;
  DiskGuard guard_{"state",
                   [this]() -> Result<std::uint64_t> {
                     if (!can_tell_) return Unavailable("nobody knows");
                     return free_;
                   },
                   {.min_free_bytes = 100 << 20}};
};

TEST_F(DiskGuardTest, NewWorkNeedsTheWholeReserve) {
  EXPECT_TRUE(IsOk(guard_.AllowNewWork()));
  EXPECT_TRUE(FailsWith(guard_.AllowNewWork(1 << 20), ErrorCode::kResourceExhausted,
                        "state is nearly full: 100.0 MiB are free, 101.0 MiB are needed"));
  free_ -= 1;
  EXPECT_TRUE(FailsWith(guard_.AllowNewWork(), ErrorCode::kResourceExhausted, "make room there"));
}

TEST_F(DiskGuardTest, WhatWasMadeMayUseItButForTheDatabasesQuarter) {
  EXPECT_TRUE(IsOk(guard_.AllowResult(75 << 20)));
  EXPECT_TRUE(FailsWith(guard_.AllowResult((75 << 20) + 1), ErrorCode::kResourceExhausted,
                        "what was made cannot be taken yet"));
}

TEST_F(DiskGuardTest, WhereTheRoomIsNotKnownTheWriteItselfWillTell) {
  can_tell_ = false;
  EXPECT_TRUE(IsOk(guard_.AllowNewWork()));
}

TEST_F(DiskGuardTest, FreeBytesAreThoseOfTheFileSystem) {
  const TempDir folder;
  const auto free = FreeBytes(folder.path());
  ASSERT_TRUE(IsOk(free));
  EXPECT_GT(*free, 0U);
  EXPECT_TRUE(FailsWith(FreeBytes(folder / "nothing"), ErrorCode::kNotFound, "nothing"));
}

}  // namespace
}  // namespace tutti
