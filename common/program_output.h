// What a program says that is asked something short: its version, the devices it sees.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "common/process.h"
#include "common/result.h"

namespace tutti {

inline constexpr std::size_t kMaxAnswerBytes = 64 << 10;

struct ProgramAnswer {
  ExitStatus ended;
  std::string text;  // all of its stdout
};

// Runs it to its end. Blocks. kNotFound: no such program; kDeadlineExceeded: it was silent for
// `silence`; kResourceExhausted: it said more than kMaxAnswerBytes. It is ended in both cases.
// Thread-safe.
Result<ProgramAnswer> AskProgram(const std::vector<std::string>& argv,
                                 std::chrono::milliseconds silence);

// Its stdout, where its exit code is 0; kFailedPrecondition: it is another, or a signal ended it.
Result<std::string> OutputOf(const std::vector<std::string>& argv,
                             std::chrono::milliseconds silence);

}  // namespace tutti
