#include "cli/exit_code.h"

#include <gtest/gtest.h>

namespace tutti {
namespace {

int CodeOf(ErrorCode code) {
  return ToInt(ExitCodeOf(Error{code, "why"}));
}

TEST(ExitCode, SaysWhatKindOfTroubleItWas) {
  EXPECT_EQ(ToInt(ExitCode::kDone), 0);
  EXPECT_EQ(ToInt(ExitCode::kFailedJobs), 1);
  EXPECT_EQ(CodeOf(ErrorCode::kInvalidArgument), 2);
  EXPECT_EQ(CodeOf(ErrorCode::kNotFound), 2);
  EXPECT_EQ(CodeOf(ErrorCode::kUnavailable), 3);
  EXPECT_EQ(CodeOf(ErrorCode::kDeadlineExceeded), 3);
  EXPECT_EQ(CodeOf(ErrorCode::kPermissionDenied), 4);
  EXPECT_EQ(CodeOf(ErrorCode::kUnauthenticated), 4);
}

}  // namespace
}  // namespace tutti
