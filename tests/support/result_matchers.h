// Gtest helpers for Result<T>: the message of a failure is printed when it was not expected.
#pragma once

#include <string>

#include <gtest/gtest.h>

#include "common/result.h"

namespace tutti {

template <class T>
testing::AssertionResult IsOk(const Result<T>& result) {
  if (result.ok()) return testing::AssertionSuccess();
  return testing::AssertionFailure()
         << ErrorCodeName(result.error().code) << ": " << result.error().message;
}

template <class T>
testing::AssertionResult FailsWith(const Result<T>& result, ErrorCode code,
                                   const std::string& part_of_message) {
  if (result.ok()) return testing::AssertionFailure() << "succeeded, expected " << part_of_message;
  if (result.error().code != code ||
      result.error().message.find(part_of_message) == std::string::npos) {
    return testing::AssertionFailure()
           << "got " << ErrorCodeName(result.error().code) << ": " << result.error().message
           << "\nexpected " << ErrorCodeName(code) << " with \"" << part_of_message << "\"";
  }
  return testing::AssertionSuccess();
}

}  // namespace tutti
