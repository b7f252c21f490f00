// Where a person reads what `tutti` prints.
#pragma once

#include <cstddef>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>

namespace tutti {

// While it lives, all that is written to `stream` passes through Visible (common/visible_text.h)
// if `descriptor` is a terminal: names, messages and log lines come from others. Elsewhere bytes go
// as they are. Not thread-safe; made in main, so that no command can forget it.
class TerminalGuard {
 public:
  TerminalGuard(std::ostream& stream, int descriptor);
  ~TerminalGuard();
  TerminalGuard(const TerminalGuard&) = delete;
  TerminalGuard& operator=(const TerminalGuard&) = delete;

 private:
  class Filter;

  std::ostream& stream_;
  std::streambuf* const before_;
  std::unique_ptr<Filter> filter_;  // null: no terminal
};

// Cut to so many characters, never inside one.
std::string CutToColumns(std::string_view text, std::size_t columns);

// To stderr past the guard: drawings with their escape sequences. Text of others in it must have
// gone through Visible. What cannot be written is lost.
void DrawOnTerminal(std::string_view drawing);

}  // namespace tutti
