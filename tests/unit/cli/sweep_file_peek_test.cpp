#include "cli/sweep_file_peek.h"

#include <gtest/gtest.h>

#include "tests/support/result_matchers.h"

namespace tutti {
namespace {

TEST(SweepFilePeek, FindsTheNames) {
  const auto names = PeekSweepFile("name: a\ndataset: gtzan\ngrid: {}\n", "s.yaml");
  ASSERT_TRUE(IsOk(names));
  EXPECT_EQ(names->name, "a");
  EXPECT_EQ(names->dataset, "gtzan");
}

TEST(SweepFilePeek, ANameThatWouldLeaveTheFolderIsRefused) {
  for (const char* text : {"name: ../a", "name: .a", "name: a/b"}) {
    EXPECT_TRUE(FailsWith(PeekSweepFile(text, "s.yaml"), ErrorCode::kInvalidArgument, "name"));
  }
}

TEST(SweepFilePeek, WhatIsNoSweepFileIsRefusedWithItsLine) {
  EXPECT_TRUE(FailsWith(PeekSweepFile("name: a\ngrid: [", "s.yaml"), ErrorCode::kInvalidArgument,
                        "s.yaml:"));
  EXPECT_TRUE(FailsWith(PeekSweepFile("just text", "s.yaml"), ErrorCode::kInvalidArgument, "keys"));
  EXPECT_TRUE(FailsWith(PeekSweepFile("grid: {}", "s.yaml"), ErrorCode::kInvalidArgument,
                        "\"name\" is missing"));
}

}  // namespace
}  // namespace tutti
