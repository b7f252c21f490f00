// A runner's bytes as lines, bounded; and the last lines of its log.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace tutti {

inline constexpr std::size_t kMaxLogLineBytes = 4'096;
inline constexpr std::size_t kLogTailLines = 100;
// An event line, a result with its predictions being the largest.
inline constexpr std::size_t kMaxEventLineBytes = 32 << 20;

// Splits a stream into lines. A line longer than its limit is cut there and marked as cut. Not
// thread-safe.
class LineSplitter {
 public:
  enum class Cut { kNo, kYes };
  using Sink = std::function<void(std::string_view line, Cut cut)>;

  // limit_of(start of a line) is asked once its first bytes are there, and at the line's end.
  LineSplitter(std::function<std::size_t(std::string_view)> limit_of, Sink sink)
      : limit_of_(std::move(limit_of)), sink_(std::move(sink)) {}

  void Feed(std::string_view bytes);
  // The stream has ended: what stands without a newline is a line too.
  void Finish();

 private:
  void Emit();

  std::function<std::size_t(std::string_view)> limit_of_;
  Sink sink_;
  std::string line_;
  bool cut_ = false;
};

// Not thread-safe.
class LogTail {
 public:
  // The line as it is kept: UTF-8, cut to its limit.
  const std::string& Add(std::string_view line);
  void Clear() { lines_.clear(); }
  std::vector<std::string> Lines() const { return {lines_.begin(), lines_.end()}; }

 private:
  std::deque<std::string> lines_;
};

}  // namespace tutti
