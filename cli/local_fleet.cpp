#include "cli/local_fleet.h"

#include <algorithm>
#include <string>
#include <thread>

namespace tutti {

Result<std::unique_ptr<LocalFleet>> LocalFleet::Start(Context& context,
                                                      const std::filesystem::path& dir,
                                                      int workers) {
  const int cores = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  const int slots = std::max(1, cores / workers);
  auto fleet = std::make_unique<LocalFleet>();
  for (int i = 1; i <= workers; ++i) {
    const std::string name = "local-" + std::to_string(i);
    TUTTI_ASSIGN_OR_RETURN(
        auto worker,
        DaemonProcess::Start(
            "tutti-worker",
            {"--profile", (dir / "coordinator" / "worker.json").string(), "--dir",
             (dir / ("worker-" + std::to_string(i))).string(), "--name", name, "--slots",
             std::to_string(slots), "--log-level", "warn", "--allow-command"},
            context.clock, context.interrupt));
    fleet->workers_.push_back(std::move(worker));
  }
  return fleet;
}

LocalFleet::~LocalFleet() {
  // All at once: each takes a moment to give its work back.
  for (const auto& worker : workers_) worker->AskToEnd();
}

Status LocalFleet::Check() {
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    if (const auto ended = workers_[i]->Ended()) {
      return Unavailable("worker " + std::to_string(i + 1) + " ended by itself: " +
                         Describe(*ended) + "; run the same command again to go on");
    }
  }
  return {};
}

}  // namespace tutti
