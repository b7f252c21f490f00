// One of Tutti's daemons as a child: started, waited for until it is ready, ended.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/interrupt.h"
#include "common/clock.h"
#include "common/json.h"
#include "common/process.h"
#include "common/result.h"

namespace tutti {

// Owned by the thread that started it: the daemon ends with that thread.
class DaemonProcess {
 public:
  // Starts `program` (a binary beside this one) and waits for its ready line. kUnavailable: it
  // ended before, or said nothing in time; its own message is on stderr then. kCancelled: the user
  // asked to stop.
  static Result<std::unique_ptr<DaemonProcess>> Start(const std::string& program,
                                                      const std::vector<std::string>& arguments,
                                                      const Clock& clock, Interrupt& interrupt);
  // Drains it, then ends it by force.
  ~DaemonProcess();
  DaemonProcess(const DaemonProcess&) = delete;
  DaemonProcess& operator=(const DaemonProcess&) = delete;

  const Json& ready() const { return ready_; }
  // How it ended; nothing while it runs.
  std::optional<ExitStatus> Ended() { return process_->TryWait(); }
  // SIGTERM now; the destructor waits.
  void AskToEnd();

 private:
  DaemonProcess(std::unique_ptr<ChildProcess> process, const Clock& clock)
      : process_(std::move(process)), clock_(clock) {}
  Status WaitUntilReady(const std::string& program, Interrupt& interrupt);

  std::unique_ptr<ChildProcess> process_;
  const Clock& clock_;
  Json ready_;
  std::string output_;
};

}  // namespace tutti
