#include "worker/daemon/attempt_failure.h"

namespace tutti {

bool IsPassing(const Error& error) {
  return error.code == ErrorCode::kUnavailable || error.code == ErrorCode::kDeadlineExceeded ||
         error.code == ErrorCode::kAborted || error.code == ErrorCode::kCancelled;
}

v1::FailureClass FailureOf(const Error& error) {
  switch (error.code) {
    case ErrorCode::kInvalidArgument:
    case ErrorCode::kNotFound:
    case ErrorCode::kDataLoss:
      return v1::FAILURE_CLASS_BAD_DATA;
    default:
      return v1::FAILURE_CLASS_CRASHED;
  }
}

v1::FailureClass FetchFailureOf(const Error& error) {
  return error.code == ErrorCode::kFailedPrecondition ? v1::FAILURE_CLASS_BAD_CONFIG
                                                      : FailureOf(error);
}

v1::Broke BrokeOf(v1::FailureClass failure, const std::string& message) {
  v1::Broke broke;
  broke.set_failure(failure);
  broke.set_message(message);
  broke.set_exit_code(-1);
  return broke;
}

}  // namespace tutti
