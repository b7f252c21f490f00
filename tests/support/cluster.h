// A coordinator and workers as real processes, over TLS on the loopback interface.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/json.h"
#include "tests/support/program.h"
#include "tests/support/temp_dir.h"

namespace tutti {

// Everything lies in a temporary folder; every process ends with this object.
class Cluster {
 public:
  using Prepare = std::function<void(const std::filesystem::path& folder)>;

  // Starts the coordinator, with these options beside the usual ones, and waits until it is ready.
  // With --lease among them it and the heartbeat are not the usual short ones.
  // prepare: what the folder needs before (state folder: folder/state).
  explicit Cluster(std::vector<std::string> coordinator_options = {},
                   const Prepare& prepare = nullptr);

  // Also after it ended: on the same state.
  void StartCoordinator();
  // SIGTERM and wait; a failure of the test when it does not end well.
  void StopCoordinator();
  // SIGKILL.
  void KillCoordinator();
  const Json& ready() const { return ready_; }
  // Waits until its stderr holds the text.
  bool CoordinatorSays(const std::string& text);
  pid_t coordinator_pid() const { return coordinator_->pid(); }

  // Waits until it has had its first session. The name is also its folder's.
  RunningBinary& StartWorker(const std::string& name, int slots = 1,
                             const std::vector<std::string>& more = {});

  // `tutti` with the admin's profile (or another one of admin, reader, worker).
  Outcome Tutti(std::vector<std::string> arguments, const std::string& profile = "admin");
  // The same, expected to succeed, with --json.
  Json TuttiJson(std::vector<std::string> arguments);

  // All of the event log.
  std::vector<Json> Events();
  // Files in the coordinator's blob store, also those that are on their way into it.
  int CountBlobs() const;

  // Music in the folder, registered as dataset "tiny".
  void AddTinyMusic();
  // Writes the text as a sweep file and gives its path.
  std::string SweepFile(const std::string& text, const std::string& name = "sweep.yaml");

  std::filesystem::path path(const std::string& name) const { return folder_ / name; }
  std::filesystem::path profile(const std::string& role) const {
    return folder_ / "state" / (role + ".json");
  }

 private:
  TempDir folder_;
  const std::vector<std::string> coordinator_options_;
  std::unique_ptr<RunningBinary> coordinator_;
  Json ready_;
  std::vector<std::unique_ptr<RunningBinary>> workers_;
};

}  // namespace tutti
