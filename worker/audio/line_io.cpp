#include "worker/audio/line_io.h"

#include <cerrno>
#include <string_view>
#include <unistd.h>
#include <utility>

namespace tutti {
namespace {

constexpr std::size_t kReadBytes = 65'536;

}  // namespace

LineReader::LineReader(int fd, std::size_t max_line_bytes)
    : fd_(fd), max_line_bytes_(max_line_bytes) {}

// False at the end of input.
Result<bool> LineReader::Fill() {
  const std::size_t before = buffer_.size();
  buffer_.resize(before + kReadBytes);
  ssize_t got = 0;
  do {
    got = ::read(fd_, buffer_.data() + before, kReadBytes);
  } while (got < 0 && errno == EINTR);
  const int error = errno;
  buffer_.resize(before + static_cast<std::size_t>(got > 0 ? got : 0));
  if (got < 0) {
    return Unavailable("read jobs: " + ErrnoError(error, "standard input").message);
  }
  return got > 0;
}

Result<std::optional<std::string>> LineReader::Next() {
  while (true) {
    const std::size_t newline = buffer_.find('\n', searched_);
    if (newline != std::string::npos) {
      std::string line = buffer_.substr(0, newline);
      buffer_.erase(0, newline + 1);
      searched_ = 0;
      if (std::exchange(skipping_, false)) continue;
      return std::optional(std::move(line));
    }
    searched_ = buffer_.size();
    if (buffer_.size() > max_line_bytes_ || skipping_) {
      buffer_.clear();
      searched_ = 0;
      if (!std::exchange(skipping_, true)) {
        return ResourceExhausted("job line: longer than " + std::to_string(max_line_bytes_) +
                                 " bytes");
      }
    }
    TUTTI_ASSIGN_OR_RETURN(const bool more, Fill());
    if (more) continue;
    if (buffer_.empty()) return std::optional<std::string>();
    return std::optional(std::exchange(buffer_, {}));
  }
}

EventWriter::EventWriter(int fd) : fd_(fd) {}

void EventWriter::Write(const OrderedJson& event) {
  const std::string line = event.dump(-1, ' ', false, OrderedJson::error_handler_t::replace) + "\n";
  std::string_view rest = line;
  const std::scoped_lock lock(mutex_);
  while (!closed_ && !rest.empty()) {
    const ssize_t written = ::write(fd_, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      closed_ = true;
    } else {
      rest.remove_prefix(static_cast<std::size_t>(written));
    }
  }
}

void EventWriter::Close() {
  const std::scoped_lock lock(mutex_);
  closed_ = true;
}

bool EventWriter::closed() const {
  const std::scoped_lock lock(mutex_);
  return closed_;
}

}  // namespace tutti
