#include "worker/daemon/loop_child.h"

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

#include <sys/syscall.h>

namespace tutti {

Result<UniqueFd> PrepareForLoop(ChildProcess& child, const std::string& name) {
  // By number: glibc 2.36 declares pidfd_open as a C++ function.
  UniqueFd end(static_cast<int>(::syscall(SYS_pidfd_open, child.pid(), 0)));
  if (!end.valid()) return ErrnoError(errno, "pidfd_open of " + name);
  for (const UniqueFd* pipe : {&child.input(), &child.output(), &child.errors()}) {
    // It has no other flag.
    if (pipe->valid() && ::fcntl(pipe->get(), F_SETFL, O_NONBLOCK) != 0) {
      return ErrnoError(errno, "make a pipe of " + name + " non-blocking");
    }
  }
  return end;
}

}  // namespace tutti
