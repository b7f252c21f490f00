// TUTTI_CHECK(condition, message): ends the process on a programmer's error; on in release builds
// too.
#pragma once

#include <string_view>

namespace tutti {

[[noreturn]] void CheckFailed(std::string_view condition, std::string_view file, int line,
                              std::string_view message);

}  // namespace tutti

#define TUTTI_CHECK(condition, message)                                \
  do {                                                                 \
    if (!(condition)) [[unlikely]] {                                   \
      ::tutti::CheckFailed(#condition, __FILE__, __LINE__, (message)); \
    }                                                                  \
  } while (false)
