#include "worker/daemon/process_table.h"

#include <charconv>
#include <csignal>
#include <poll.h>
#include <string_view>
#include <unistd.h>

#include <sys/syscall.h>

#include "common/file_system.h"

namespace tutti {
namespace {

// Fields of /proc/<pid>/stat after the name, which may hold anything, even ")": 1 is the state.
constexpr std::size_t kStateField = 1;
constexpr std::size_t kParentField = 2;
constexpr std::size_t kGroupField = 3;
constexpr std::size_t kStartTimeField = 20;

template <class Value>
bool Parse(const std::string& field, Value& value) {
  return std::from_chars(field.data(), field.data() + field.size(), value).ec == std::errc{};
}

}  // namespace

std::optional<ProcessEntry> FindProcess(pid_t pid) {
  const auto text = PosixFileSystem().ReadFile("/proc/" + std::to_string(pid) + "/stat");
  if (!text.ok()) return std::nullopt;
  std::size_t at = text->rfind(')');
  if (at == std::string::npos) return std::nullopt;
  std::vector<std::string> fields;
  while (fields.size() <= kStartTimeField && at != std::string::npos) {
    const std::size_t end = text->find(' ', at + 1);
    fields.push_back(text->substr(at + 1, end == std::string::npos ? end : end - at - 1));
    at = end;
  }
  if (fields.size() <= kStartTimeField) return std::nullopt;
  ProcessEntry process;
  process.pid = pid;
  process.ended = fields[kStateField] == "Z" || fields[kStateField] == "X";
  const bool whole = Parse(fields[kParentField], process.parent) &&
                     Parse(fields[kGroupField], process.group) &&
                     Parse(fields[kStartTimeField], process.start_time);
  if (!whole) return std::nullopt;
  return process;
}

std::vector<ProcessEntry> AllProcesses() {
  std::vector<ProcessEntry> all;
  const auto names = PosixFileSystem().ListDirectory("/proc");
  if (!names.ok()) return all;
  for (const std::string& name : *names) {
    pid_t pid = 0;
    if (name.find_first_not_of("0123456789") != std::string::npos || !Parse(name, pid)) continue;
    if (const auto process = FindProcess(pid)) all.push_back(*process);
  }
  return all;
}

bool StartedWith(pid_t pid, const std::string& variable) {
  const auto text = PosixFileSystem().ReadFile("/proc/" + std::to_string(pid) + "/environ");
  if (!text.ok()) return false;
  std::string_view rest = *text;
  while (!rest.empty()) {
    const std::size_t end = rest.find('\0');
    if (rest.substr(0, end) == variable) return true;
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
  return false;
}

UniqueFd EndProcess(const ProcessEntry& process) {
  // By number: glibc 2.36 declares these as C++ functions.
  UniqueFd handle(static_cast<int>(::syscall(SYS_pidfd_open, process.pid, 0)));
  if (!handle.valid()) return handle;
  // From here on the number cannot go to another; before, it may have.
  const auto now = FindProcess(process.pid);
  if (!now || now->start_time != process.start_time) return {};
  ::syscall(SYS_pidfd_send_signal, handle.get(), SIGKILL, nullptr, 0);
  return handle;
}

bool WaitForEnd(const std::vector<UniqueFd>& processes, std::chrono::milliseconds at_most) {
  bool all = true;
  for (const UniqueFd& process : processes) {
    pollfd ended{process.get(), POLLIN, 0};
    all = ::poll(&ended, 1, static_cast<int>(at_most.count())) > 0 && all;
  }
  return all;
}

}  // namespace tutti
