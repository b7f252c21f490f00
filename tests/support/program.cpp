#include "tests/support/program.h"

#include <array>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <poll.h>
#include <sstream>
#include <string_view>
#include <unistd.h>

#include "common/check.h"
#include "common/clock.h"

namespace tutti {
namespace {

constexpr int kPollMs = 50;
constexpr std::chrono::seconds kReadyWithin{120};

SteadyTime Now() {
  return SystemClock().SteadyNow();
}

// Adds what can be read; closes the descriptor at its end.
void ReadInto(UniqueFd& fd, std::string& text) {
  std::array<char, 4096> buffer;
  const ssize_t n = ::read(fd.get(), buffer.data(), buffer.size());
  if (n > 0) {
    text.append(buffer.data(), static_cast<std::size_t>(n));
  } else {
    fd = UniqueFd();
  }
}

}  // namespace

Json Outcome::json() const {
  auto parsed = ParseJson(out, "stdout");
  EXPECT_TRUE(parsed.ok()) << out << "\n" << err;
  return parsed.ok() ? *std::move(parsed) : Json();
}

void PrintTo(const Outcome& outcome, std::ostream* out) {
  *out << Describe(outcome.status) << "\nstdout: " << outcome.out << "\nstderr: " << outcome.err;
}

RunningBinary::RunningBinary(const std::string& name, const std::vector<std::string>& arguments,
                             const Environment& environment) {
  SpawnOptions options;
  options.argv = {std::filesystem::path(TUTTI_BIN_DIR) / name};
  options.argv.insert(options.argv.end(), arguments.begin(), arguments.end());
  options.environment = environment;
  options.input = Stream::kPipe;
  options.output = Stream::kPipe;
  options.errors = Stream::kPipe;
  auto child = Spawn(options);
  TUTTI_CHECK(child.ok(), child.ok() ? "" : child.error().message);
  child_ = *std::move(child);
}

bool RunningBinary::ReadSome(std::chrono::milliseconds at_most) {
  std::array<pollfd, 2> ends{
      {{child_->output().get(), POLLIN, 0}, {child_->errors().get(), POLLIN, 0}}};
  if (ends[0].fd < 0 && ends[1].fd < 0) return false;
  if (::poll(ends.data(), ends.size(), static_cast<int>(at_most.count())) <= 0) return true;
  if (ends[0].revents != 0) ReadInto(child_->output(), out_);
  if (ends[1].revents != 0) ReadInto(child_->errors(), err_);
  return true;
}

bool RunningBinary::ReadUntil(const std::function<bool()>& reached) {
  const SteadyTime deadline = Now() + kReadyWithin;
  while (!reached()) {
    if (Now() > deadline || !ReadSome(std::chrono::milliseconds(kPollMs))) return reached();
  }
  return true;
}

Json RunningBinary::ReadyLine() {
  const bool said = ReadUntil([&] { return out_.find('\n') != std::string::npos; });
  EXPECT_TRUE(said) << "no ready line; stderr: " << err_;
  auto line = ParseJson(out_.substr(0, out_.find('\n')), "ready line");
  EXPECT_TRUE(line.ok()) << out_;
  return line.ok() ? *std::move(line) : Json();
}

void RunningBinary::Say(const std::string& text) {
  std::string_view rest = text;
  while (!rest.empty()) {
    const ssize_t n = ::write(child_->input().get(), rest.data(), rest.size());
    if (n <= 0) {
      ADD_FAILURE() << "nobody reads; stderr: " << err_;
      return;
    }
    rest.remove_prefix(static_cast<std::size_t>(n));
  }
}

void RunningBinary::Signal(int signal) {
  ::kill(child_->pid(), signal);
}

Outcome RunningBinary::Finish(std::chrono::seconds at_most) {
  const SteadyTime deadline = Now() + at_most;
  while (!child_->TryWait()) {
    if (Now() > deadline) {
      ADD_FAILURE() << "still running after " << at_most.count() << " s; stderr: " << err_;
      child_->SignalGroup(SIGKILL);
      break;
    }
    if (!ReadSome(std::chrono::milliseconds(kPollMs))) ::poll(nullptr, 0, kPollMs);
  }
  const ExitStatus status = child_->Wait();
  // Nobody writes any more, unless a grandchild holds the pipe: what has arrived is all.
  for (UniqueFd* fd : {&child_->output(), &child_->errors()}) {
    std::string& text = fd == &child_->output() ? out_ : err_;
    pollfd end{fd->get(), POLLIN, 0};
    while (fd->valid() && ::poll(&end, 1, 0) > 0) ReadInto(*fd, text);
  }
  return {status, out_, err_};
}

Outcome RunBinary(const std::string& name, const std::vector<std::string>& arguments,
                  const Environment& environment, std::chrono::seconds at_most) {
  return RunningBinary(name, arguments, environment).Finish(at_most);
}

bool Eventually(const std::function<bool()>& condition, std::chrono::seconds at_most) {
  const SteadyTime deadline = Now() + at_most;
  while (!condition()) {
    if (Now() > deadline) return false;
    ::poll(nullptr, 0, kPollMs);
  }
  return true;
}

std::vector<pid_t> ChildrenOf(pid_t parent, const std::string& name) {
  std::vector<pid_t> children;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", ignored)) {
    const std::string pid = entry.path().filename();
    if (pid.find_first_not_of("0123456789") != std::string::npos) continue;
    std::ifstream stat(entry.path() / "stat");
    const std::string text{std::istreambuf_iterator<char>(stat), {}};
    // "pid (name) state parent …"; the name may hold anything.
    const std::size_t open = text.find('(');
    const std::size_t close = text.rfind(')');
    if (open == std::string::npos || close == std::string::npos) continue;
    std::istringstream rest(text.substr(close + 1));
    char state = 0;
    pid_t its_parent = 0;
    rest >> state >> its_parent;
    if (its_parent == parent && text.substr(open + 1, close - open - 1) == name && state != 'Z') {
      children.push_back(std::stoi(pid));
    }
  }
  return children;
}

}  // namespace tutti
