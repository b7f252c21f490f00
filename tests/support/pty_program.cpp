#include "tests/support/pty_program.h"

#include <array>
#include <csignal>
#include <filesystem>
#include <poll.h>
#include <pty.h>
#include <unistd.h>

#include <gtest/gtest.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

#include "common/check.h"
#include "common/clock.h"

namespace tutti {
namespace {

constexpr int kPollMs = 50;
constexpr std::chrono::seconds kReachedWithin{120};

winsize WindowOf(TerminalSize size) {
  winsize window{};
  window.ws_col = size.columns;
  window.ws_row = size.rows;
  return window;
}

}  // namespace

PtyProgram::PtyProgram(const std::string& name, const std::vector<std::string>& arguments,
                       TerminalSize size) {
  const std::string program = std::filesystem::path(TUTTI_BIN_DIR) / name;
  std::vector<char*> argv{const_cast<char*>(program.c_str())};
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  const winsize window = WindowOf(size);
  int terminal = -1;
  pid_ = ::forkpty(&terminal, nullptr, nullptr, &window);
  TUTTI_CHECK(pid_ >= 0, "no pseudo-terminal");
  if (pid_ == 0) {
    ::execv(argv[0], argv.data());
    ::_exit(127);
  }
  terminal_ = UniqueFd(terminal);
}

PtyProgram::~PtyProgram() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

bool PtyProgram::ReadSome() {
  pollfd readable{terminal_.get(), POLLIN, 0};
  if (::poll(&readable, 1, kPollMs) <= 0) return true;
  std::array<char, 4096> buffer;
  const ssize_t n = ::read(terminal_.get(), buffer.data(), buffer.size());
  if (n <= 0) return false;  // EIO: nobody has its other side any more
  screen_.append(buffer.data(), static_cast<std::size_t>(n));
  return true;
}

bool PtyProgram::ReadUntil(const std::function<bool()>& reached) {
  const SteadyTime deadline = SystemClock().SteadyNow() + kReachedWithin;
  while (!reached()) {
    if (SystemClock().SteadyNow() > deadline || !ReadSome()) return reached();
  }
  return true;
}

void PtyProgram::Resize(TerminalSize size) {
  const winsize window = WindowOf(size);
  TUTTI_CHECK(::ioctl(terminal_.get(), TIOCSWINSZ, &window) == 0, "the window keeps its size");
}

void PtyProgram::Type(const std::string& keys) {
  const ssize_t n = ::write(terminal_.get(), keys.data(), keys.size());
  EXPECT_EQ(n, static_cast<ssize_t>(keys.size())) << "nobody is at the terminal";
}

ExitStatus PtyProgram::Finish(std::chrono::seconds at_most) {
  const SteadyTime deadline = SystemClock().SteadyNow() + at_most;
  while (ReadSome()) {
    if (SystemClock().SteadyNow() < deadline) continue;
    ADD_FAILURE() << "still running after " << at_most.count() << " s; on its screen: " << screen_;
    ::kill(pid_, SIGKILL);
    break;
  }
  int status = 0;
  ::waitpid(pid_, &status, 0);
  pid_ = -1;
  ExitStatus ended;
  if (WIFEXITED(status)) ended.exit_code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) ended.signal = WTERMSIG(status);
  return ended;
}

}  // namespace tutti
