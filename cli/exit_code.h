// What a command's end means; stable, for scripts.
#pragma once

#include "common/result.h"

namespace tutti {

enum class ExitCode {
  kDone = 0,
  kFailedJobs = 1,  // the sweep ended with failed jobs
  kBadInput = 2,
  kNoCoordinator = 3,
  kNotAllowed = 4,
};

inline int ToInt(ExitCode code) {
  return static_cast<int>(code);
}

inline ExitCode ExitCodeOf(const Error& error) {
  switch (error.code) {
    case ErrorCode::kUnavailable:
    case ErrorCode::kDeadlineExceeded:
      return ExitCode::kNoCoordinator;
    case ErrorCode::kPermissionDenied:
    case ErrorCode::kUnauthenticated:
      return ExitCode::kNotAllowed;
    default:
      return ExitCode::kBadInput;
  }
}

}  // namespace tutti
