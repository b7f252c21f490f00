// Child processes: each in a process group of its own, with pipes, and dying with its parent.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <sys/types.h>

#include "common/result.h"
#include "common/unique_fd.h"

namespace tutti {

// How a process ended: by itself with a code, or by a signal.
struct ExitStatus {
  int exit_code = -1;  // -1: it was ended by a signal
  int signal = 0;      // 0: none
  bool core_dumped = false;

  bool success() const { return exit_code == 0; }
  friend bool operator==(const ExitStatus&, const ExitStatus&) = default;
};

// "exit code 3", "signal 9 (Killed)".
std::string Describe(const ExitStatus& status);

enum class Stream {
  kPipe,     // the parent gets the other end
  kInherit,  // the parent's own
  kNull,     // /dev/null
};

struct SpawnOptions {
  // argv[0]: a path (seen from the parent's folder), or a name looked up in PATH.
  std::vector<std::string> argv;
  std::vector<std::pair<std::string, std::string>> environment{};  // added to the parent's own
  std::filesystem::path working_directory{};                       // empty: the parent's
  Stream input = Stream::kNull;
  Stream output = Stream::kInherit;
  Stream errors = Stream::kInherit;
  // SIGKILL when the thread that spawned it ends: spawn from one that lives as long as the process.
  bool die_with_parent = true;
  // Descendants whose parent has ended become the child's own children, not this machine's first
  // process's, as long as the child lives.
  bool adopts_orphans = false;
  // Folder of a cgroup (version 2) that it begins in; empty: the parent's.
  std::filesystem::path cgroup{};
};

// A running or ended child. Not thread-safe. Destroying it kills its group and reaps it.
class ChildProcess {
 public:
  ChildProcess(pid_t pid, UniqueFd input, UniqueFd output, UniqueFd errors);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  pid_t pid() const { return pid_; }
  // The parent's ends of the pipes asked for; writing to a child that is gone gives EPIPE, never a
  // signal.
  UniqueFd& input() { return input_; }
  UniqueFd& output() { return output_; }
  UniqueFd& errors() { return errors_; }

  // To the whole group; nothing happens when nobody is left.
  void SignalGroup(int signal);
  // Nothing while it runs. The ended child keeps its entry in the process table until this object
  // goes, so that SignalGroup still reaches its own grandchildren and nobody else's.
  std::optional<ExitStatus> TryWait();
  ExitStatus Wait();

 private:
  pid_t pid_;
  UniqueFd input_;
  UniqueFd output_;
  UniqueFd errors_;
  std::optional<ExitStatus> status_;
};

// kNotFound: no such program. Descriptors other than 0, 1, 2 are closed in the child; signals are
// at their defaults. The first call with an input pipe makes this process ignore SIGPIPE, unless it
// handles it. Thread-safe.
Result<std::unique_ptr<ChildProcess>> Spawn(const SpawnOptions& options);

}  // namespace tutti
