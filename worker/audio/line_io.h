// Lines from and to the pipes of the runner protocol.
#pragma once

#include <cstddef>
#include <mutex>
#include <optional>
#include <string>

#include "common/json.h"
#include "common/result.h"

namespace tutti {

// A job line names every track of a shard; this is far above any real one.
inline constexpr std::size_t kMaxLineBytes = std::size_t{64} << 20;

// Reads lines from a descriptor that stays the caller's. Not thread-safe.
class LineReader {
 public:
  explicit LineReader(int fd, std::size_t max_line_bytes = kMaxLineBytes);

  // The next line without its newline; nothing at the end of input (a last line without a newline
  // counts). kResourceExhausted: a line longer than the limit; it is skipped, the next call gives
  // the line behind it. kUnavailable: the descriptor cannot be read.
  Result<std::optional<std::string>> Next();

 private:
  Result<bool> Fill();

  int fd_;
  std::size_t max_line_bytes_;
  std::string buffer_;
  std::size_t searched_ = 0;  // bytes of the buffer known to hold no newline
  bool skipping_ = false;
};

// Writes one JSON line per event, at once and whole. Thread-safe.
class EventWriter {
 public:
  explicit EventWriter(int fd);

  // `event` must begin with the key "event": that is what tells an event from a line of log.
  void Write(const OrderedJson& event);
  // Nothing is written from now on.
  void Close();
  // Nobody reads any more, or Close was called.
  bool closed() const;

 private:
  int fd_;
  mutable std::mutex mutex_;
  bool closed_ = false;
};

}  // namespace tutti
