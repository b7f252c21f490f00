#include "cli/terminal.h"

#include <cerrno>
#include <iostream>
#include <streambuf>
#include <string>
#include <unistd.h>

#include "common/visible_text.h"

namespace tutti {

// Passes on whole lines, and the rest when it is flushed.
class TerminalGuard::Filter final : public std::streambuf {
 public:
  explicit Filter(std::streambuf& to) : to_(to) {}

  // What is unfinished comes as it is.
  void Finish() {
    Write(pending_);
    pending_.clear();
    to_.pubsync();
  }

 protected:
  int_type overflow(int_type c) override {
    if (traits_type::eq_int_type(c, traits_type::eof())) return traits_type::not_eof(c);
    const char character = traits_type::to_char_type(c);
    return xsputn(&character, 1) == 1 ? c : traits_type::eof();
  }
  std::streamsize xsputn(const char* text, std::streamsize size) override {
    const std::string_view more(text, static_cast<std::size_t>(size));
    pending_ += more;
    if (more.find('\n') != std::string_view::npos) Pass();
    return size;
  }
  int sync() override {
    Pass();
    return to_.pubsync();
  }

 private:
  // A character that comes in two pieces waits for its end.
  void Pass() {
    const std::size_t whole = pending_.size() - UnfinishedBytes(pending_);
    Write(std::string_view(pending_).substr(0, whole));
    pending_.erase(0, whole);
  }
  void Write(std::string_view text) {
    const std::string visible = Visible(text);
    to_.sputn(visible.data(), static_cast<std::streamsize>(visible.size()));
  }

  std::streambuf& to_;
  std::string pending_;
};

TerminalGuard::TerminalGuard(std::ostream& stream, int descriptor)
    : stream_(stream), before_(stream.rdbuf()) {
  if (::isatty(descriptor) != 1) return;
  filter_ = std::make_unique<Filter>(*before_);
  stream_.rdbuf(filter_.get());
}

TerminalGuard::~TerminalGuard() {
  if (!filter_) return;
  filter_->Finish();
  stream_.rdbuf(before_);
}

std::string CutToColumns(std::string_view text, std::size_t columns) {
  std::size_t width = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if ((text[i] & 0xC0) == 0x80) continue;
    if (++width > columns) return std::string(text.substr(0, i));
  }
  return std::string(text);
}

void DrawOnTerminal(std::string_view drawing) {
  std::cerr << std::flush;
  while (!drawing.empty()) {
    const ssize_t n = ::write(STDERR_FILENO, drawing.data(), drawing.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return;
    drawing.remove_prefix(static_cast<std::size_t>(n));
  }
}

}  // namespace tutti
