#include "common/process.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstring>
#include <fcntl.h>
#include <mutex>
#include <sched.h>
#include <string_view>
#include <unistd.h>

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "common/check.h"
#include "common/environment.h"

namespace tutti {
namespace {

constexpr char kDefaultPath[] = "/usr/local/bin:/usr/bin:/bin";
constexpr int kDescriptorsClosedByHand = 4096;  // on a kernel without close_range
constexpr std::size_t kChildStackBytes = 64 << 10;
// A sanitizer would count the child's calls as this thread's.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr int kSharedWithChild = CLONE_VFORK;
#else
constexpr int kSharedWithChild = CLONE_VM | CLONE_VFORK;
#endif

struct Pipe {
  UniqueFd read;
  UniqueFd write;
};

// All that the child needs, made before it starts: until it executes the program nothing may
// allocate.
struct Plan {
  std::string program;
  std::vector<char*> argv;
  std::vector<std::string> environment;
  std::vector<char*> envp;
  std::string working_directory;
  std::array<int, 3> descriptors{-1, -1, -1};
  pid_t parent = 0;
  bool die_with_parent = true;
  bool adopts_orphans = false;
  UniqueFd cgroup;  // its cgroup.procs
};

// Descriptors 0 to 2 are the child's standard ones; a pipe that got one of them (the parent runs
// without) would be overwritten by dup2.
Result<UniqueFd> AboveStandard(UniqueFd fd) {
  if (fd.get() > 2) return fd;
  UniqueFd moved(::fcntl(fd.get(), F_DUPFD_CLOEXEC, 3));
  if (!moved.valid()) return ErrnoError(errno, "duplicate a descriptor");
  return moved;
}

Result<Pipe> MakePipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return ErrnoError(errno, "make a pipe");
  UniqueFd read(ends[0]);
  UniqueFd write(ends[1]);
  Pipe pipe;
  TUTTI_ASSIGN_OR_RETURN(pipe.read, AboveStandard(std::move(read)));
  TUTTI_ASSIGN_OR_RETURN(pipe.write, AboveStandard(std::move(write)));
  return pipe;
}

bool IsProgram(const std::filesystem::path& path) {
  std::error_code ignored;
  return std::filesystem::is_regular_file(path, ignored) && ::access(path.c_str(), X_OK) == 0;
}

// Absolute, since the child changes its folder before it executes the program.
Result<std::string> FindProgram(const std::string& name) {
  if (name.find('/') != std::string::npos) {
    if (IsProgram(name)) return std::filesystem::absolute(name).string();
    return NotFound("no program at " + name);
  }
  const std::string path = EnvironmentVariable("PATH").value_or(kDefaultPath);
  for (std::size_t at = 0; at <= path.size();) {
    const std::size_t end = std::min(path.find(':', at), path.size());
    const std::filesystem::path folder = path.substr(at, end - at);
    if (folder.is_absolute() && IsProgram(folder / name)) return (folder / name).string();
    at = end + 1;
  }
  return NotFound("no program \"" + name + "\" in PATH (" + path + ")");
}

std::vector<std::string> MergedEnvironment(
    const std::vector<std::pair<std::string, std::string>>& added) {
  std::vector<std::string> merged;
  for (char** entry = ::environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const std::string_view name = text.substr(0, text.find('='));
    bool replaced = false;
    for (const auto& [key, value] : added) replaced = replaced || key == name;
    if (!replaced) merged.emplace_back(text);
  }
  for (const auto& [key, value] : added) merged.push_back(key + "=" + value);
  return merged;
}

std::vector<char*> Pointers(const std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (const std::string& text : strings) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

// Async-signal-safe.
void ResetSignals() {
  struct sigaction standard{};
  standard.sa_handler = SIG_DFL;
  for (int signal = 1; signal < NSIG; ++signal) ::sigaction(signal, &standard, nullptr);
  sigset_t none;
  ::sigemptyset(&none);
  ::pthread_sigmask(SIG_SETMASK, &none, nullptr);
}

// Async-signal-safe.
void CloseOthersOnExec() {
  if (::close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) == 0) return;
  for (int fd = 3; fd < kDescriptorsClosedByHand; ++fd) ::fcntl(fd, F_SETFD, FD_CLOEXEC);
}

// Runs in the child; gives back the errno of what failed. Only async-signal-safe calls.
int BecomeProgram(const Plan& plan) {
  if (::setpgid(0, 0) != 0) return errno;
  if (plan.die_with_parent) {
    if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return errno;
    if (::getppid() != plan.parent) return ESRCH;  // it died before the signal was armed
  }
  if (plan.adopts_orphans && ::prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) return errno;
  if (plan.cgroup.valid() && ::write(plan.cgroup.get(), "0", 1) != 1) return errno;
  for (int target = 0; target < 3; ++target) {
    const int source = plan.descriptors[static_cast<std::size_t>(target)];
    if (source >= 0 && ::dup2(source, target) < 0) return errno;
  }
  CloseOthersOnExec();
  if (!plan.working_directory.empty() && ::chdir(plan.working_directory.c_str()) != 0) return errno;
  ResetSignals();
  ::execve(plan.program.c_str(), plan.argv.data(), plan.envp.data());
  return errno;
}

// What a thread and the child that it is just starting both see, also where the child has a copy of
// all other memory: its stack, below that the errno that stopped it. Made once for each thread,
// which waits for its child.
class ChildMemory {
 public:
  static Result<ChildMemory*> OfThisThread() {
    thread_local ChildMemory memory;
    if (memory.begin_ == nullptr) {
      void* const mapped = ::mmap(nullptr, kChildStackBytes, PROT_READ | PROT_WRITE,
                                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
      if (mapped == MAP_FAILED) return ErrnoError(errno, "map memory for a child's stack");
      memory.begin_ = static_cast<std::byte*>(mapped);
    }
    return &memory;
  }
  ChildMemory(const ChildMemory&) = delete;
  ChildMemory& operator=(const ChildMemory&) = delete;
  ~ChildMemory() {
    if (begin_ != nullptr) ::munmap(begin_, kChildStackBytes);
  }

  void* stack_top() const { return begin_ + kChildStackBytes; }
  volatile int& error() const { return *reinterpret_cast<int*>(begin_); }

 private:
  ChildMemory() = default;

  std::byte* begin_ = nullptr;
};

struct ChildStart {
  const Plan& plan;
  volatile int& error;
};

int RunChild(void* start) {
  const auto& [plan, error] = *static_cast<const ChildStart*>(start);
  error = BecomeProgram(plan);
  ::_exit(127);
}

// As posix_spawn does it: the child has a stack of its own in the parent's memory, and the parent's
// thread waits until it has executed the program or ended. A copy of a daemon's page tables would
// take longer than all the rest. Signals stay blocked meanwhile: a handler of the parent's must not
// run in the child. -1 with errno: there is no child.
pid_t StartChild(const Plan& plan, const ChildMemory& memory) {
  memory.error() = 0;
  ChildStart start{plan, memory.error()};
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  const pid_t pid = ::clone(&RunChild, memory.stack_top(), kSharedWithChild | SIGCHLD, &start);
  const int error = errno;
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  errno = error;
  return pid;
}

// A write to a child that is gone must be an error, not the end of this process. A handler that the
// program has set stays.
void IgnoreBrokenPipes() {
  static std::once_flag once;
  std::call_once(once, [] {
    struct sigaction now{};
    ::sigaction(SIGPIPE, nullptr, &now);
    if (now.sa_handler == SIG_DFL) ::signal(SIGPIPE, SIG_IGN);
  });
}

// One of the child's standard descriptors. child: what it gets (invalid: the parent's own).
// parent: the other end of a pipe, else invalid.
struct Ends {
  UniqueFd child;
  UniqueFd parent;
};

Result<Ends> OpenEnds(Stream stream, bool child_reads) {
  Ends ends;
  if (stream == Stream::kNull) {
    UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
    if (!null.valid()) return ErrnoError(errno, "open /dev/null");
    TUTTI_ASSIGN_OR_RETURN(ends.child, AboveStandard(std::move(null)));
  } else if (stream == Stream::kPipe) {
    TUTTI_ASSIGN_OR_RETURN(Pipe pipe, MakePipe());
    ends.child = std::move(child_reads ? pipe.read : pipe.write);
    ends.parent = std::move(child_reads ? pipe.write : pipe.read);
  }
  return ends;
}

}  // namespace

std::string Describe(const ExitStatus& status) {
  if (status.signal == 0) return "exit code " + std::to_string(status.exit_code);
  const char* name = ::sigdescr_np(status.signal);
  return "signal " + std::to_string(status.signal) + " (" + (name == nullptr ? "?" : name) + ")";
}

ChildProcess::ChildProcess(pid_t pid, UniqueFd input, UniqueFd output, UniqueFd errors)
    : pid_(pid), input_(std::move(input)), output_(std::move(output)), errors_(std::move(errors)) {
  TUTTI_CHECK(pid > 1, "pid of a child");
}

ChildProcess::~ChildProcess() {
  SignalGroup(SIGKILL);
  int ignored = 0;
  while (::waitpid(pid_, &ignored, 0) < 0 && errno == EINTR) {
  }
}

void ChildProcess::SignalGroup(int signal) {
  // The child is reaped only by the destructor, so the group's number cannot be another's by now.
  ::kill(-pid_, signal);
}

namespace {

std::optional<ExitStatus> Ended(pid_t pid, int flags) {
  siginfo_t info{};
  int result = -1;
  do {
    result = ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT | flags);
  } while (result != 0 && errno == EINTR);
  TUTTI_CHECK(result == 0, "waitid of an own child");
  if (info.si_pid == 0) return std::nullopt;
  ExitStatus status;
  if (info.si_code == CLD_EXITED) {
    status.exit_code = info.si_status;
  } else {
    status.signal = info.si_status;
    status.core_dumped = info.si_code == CLD_DUMPED;
  }
  return status;
}

}  // namespace

std::optional<ExitStatus> ChildProcess::TryWait() {
  if (!status_) status_ = Ended(pid_, WNOHANG);
  return status_;
}

ExitStatus ChildProcess::Wait() {
  if (!status_) status_ = Ended(pid_, 0);
  return *status_;
}

Result<std::unique_ptr<ChildProcess>> Spawn(const SpawnOptions& options) {
  TUTTI_CHECK(!options.argv.empty(), "argv has at least the program");
  Plan plan;
  TUTTI_ASSIGN_OR_RETURN(plan.program, FindProgram(options.argv[0]));
  plan.argv = Pointers(options.argv);
  plan.environment = MergedEnvironment(options.environment);
  plan.envp = Pointers(plan.environment);
  plan.working_directory = options.working_directory.string();
  plan.parent = ::getpid();
  plan.die_with_parent = options.die_with_parent;
  plan.adopts_orphans = options.adopts_orphans;
  if (!options.cgroup.empty()) {
    const auto procs = options.cgroup / "cgroup.procs";
    plan.cgroup = UniqueFd(::open(procs.c_str(), O_WRONLY | O_CLOEXEC));
    if (!plan.cgroup.valid()) return ErrnoError(errno, "open " + procs.string());
  }
  TUTTI_ASSIGN_OR_RETURN(Ends input, OpenEnds(options.input, true));
  TUTTI_ASSIGN_OR_RETURN(Ends output, OpenEnds(options.output, false));
  TUTTI_ASSIGN_OR_RETURN(Ends errors, OpenEnds(options.errors, false));
  TUTTI_ASSIGN_OR_RETURN(const ChildMemory* const memory, ChildMemory::OfThisThread());
  plan.descriptors = {input.child.get(), output.child.get(), errors.child.get()};
  if (options.input == Stream::kPipe) IgnoreBrokenPipes();

  const pid_t pid = StartChild(plan, *memory);
  if (pid < 0) return ErrnoError(errno, "start " + plan.program);
  auto child = std::make_unique<ChildProcess>(pid, std::move(input.parent),
                                              std::move(output.parent), std::move(errors.parent));
  if (const int error = memory->error(); error != 0) {
    std::string what = "start " + plan.program;
    if (!plan.working_directory.empty()) what += " in " + plan.working_directory;
    return ErrnoError(error, what);
  }
  return child;
}

}  // namespace tutti
