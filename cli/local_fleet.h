// The workers of `tutti local`: one or more on this machine, for as long as the command runs.
#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "cli/context.h"
#include "cli/daemon_process.h"
#include "common/result.h"

namespace tutti {

// Owned by the main thread; ends its workers when it is destroyed.
class LocalFleet {
 public:
  // dir: the folder of `tutti local`; its coordinator runs. The machine's cores are shared between
  // `workers` workers.
  static Result<std::unique_ptr<LocalFleet>> Start(Context& context,
                                                   const std::filesystem::path& dir, int workers);
  ~LocalFleet();

  // kUnavailable: a worker ended by itself, saying how.
  Status Check();

 private:
  std::vector<std::unique_ptr<DaemonProcess>> workers_;
};

}  // namespace tutti
