#include "common/program_output.h"

#include <array>
#include <cerrno>
#include <poll.h>
#include <unistd.h>
#include <utility>

#include "common/duration.h"

namespace tutti {

Result<ProgramAnswer> AskProgram(const std::vector<std::string>& argv,
                                 std::chrono::milliseconds silence) {
  SpawnOptions options;
  options.argv = argv;
  options.output = Stream::kPipe;
  options.errors = Stream::kNull;
  TUTTI_ASSIGN_OR_RETURN(const auto child, Spawn(options));
  std::string text;
  std::array<char, 4096> buffer;
  while (true) {
    pollfd end{child->output().get(), POLLIN, 0};
    const int ready = ::poll(&end, 1, static_cast<int>(silence.count()));
    if (ready == 0) {
      return Error{ErrorCode::kDeadlineExceeded,
                   "it does not answer within " + FormatDuration(silence)};
    }
    const ssize_t n = ready < 0 ? -1 : ::read(end.fd, buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    text.append(buffer.data(), static_cast<std::size_t>(n));
    if (text.size() > kMaxAnswerBytes) return ResourceExhausted("its answer does not end");
  }
  return ProgramAnswer{child->Wait(), std::move(text)};
}

Result<std::string> OutputOf(const std::vector<std::string>& argv,
                             std::chrono::milliseconds silence) {
  TUTTI_ASSIGN_OR_RETURN(ProgramAnswer answer, AskProgram(argv, silence));
  if (!answer.ended.success()) {
    return FailedPrecondition("it ended with " + Describe(answer.ended));
  }
  return std::move(answer.text);
}

}  // namespace tutti
