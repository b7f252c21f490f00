#include "worker/daemon/program_output.h"

#include <array>
#include <poll.h>
#include <unistd.h>

#include "common/process.h"

namespace tutti {
namespace {

constexpr std::size_t kMaxAnswerBytes = 64 << 10;

}  // namespace

Result<std::string> OutputOf(const std::vector<std::string>& argv,
                             std::chrono::milliseconds silence) {
  SpawnOptions options;
  options.argv = argv;
  options.output = Stream::kPipe;
  options.errors = Stream::kNull;
  TUTTI_ASSIGN_OR_RETURN(const auto child, Spawn(options));
  std::string text;
  std::array<char, 4096> buffer;
  while (text.size() < kMaxAnswerBytes) {
    pollfd end{child->output().get(), POLLIN, 0};
    if (::poll(&end, 1, static_cast<int>(silence.count())) <= 0) {
      return Error{ErrorCode::kDeadlineExceeded, "it does not answer"};
    }
    const ssize_t n = ::read(end.fd, buffer.data(), buffer.size());
    if (n <= 0) break;
    text.append(buffer.data(), static_cast<std::size_t>(n));
  }
  const ExitStatus status = child->Wait();
  if (!status.success()) return FailedPrecondition("it ended with " + Describe(status));
  return text;
}

}  // namespace tutti
