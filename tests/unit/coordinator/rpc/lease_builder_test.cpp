#include "coordinator/rpc/lease_builder.h"

#include <gtest/gtest.h>

namespace tutti {
namespace {

// A run that a page's queries kept from being leased must not fail for good.
TEST(FailureOfLease, WhatPassesGivesTheJobBackAndWhatDoesNotFailsIt) {
  const auto failure = [](ErrorCode code) { return FailureOfLease({code, "why"}); };
  EXPECT_EQ(failure(ErrorCode::kInvalidArgument), FailureClass::kBadConfig);
  EXPECT_EQ(failure(ErrorCode::kNotFound), FailureClass::kBadData);
  EXPECT_EQ(failure(ErrorCode::kDataLoss), FailureClass::kBadData);
  EXPECT_EQ(failure(ErrorCode::kResourceExhausted), FailureClass::kPreempted);
  EXPECT_EQ(failure(ErrorCode::kUnavailable), FailureClass::kPreempted);
  EXPECT_EQ(failure(ErrorCode::kInternal), FailureClass::kPreempted);
}

}  // namespace
}  // namespace tutti
