// The command line of tutti-worker.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/clock.h"
#include "common/logging.h"
#include "worker/daemon/blob_cache.h"
#include "worker/daemon/data_roots.h"
#include "worker/daemon/disk_watch.h"

namespace tutti {

// In the worker's folder, written by join.
inline constexpr char kJoinedProfile[] = "profile.json";

inline constexpr int kMaxSlots = 4096;  // the coordinator takes no more

// kServe: no command.
enum class WorkerCommand { kServe, kJoin, kHealth };

struct WorkerOptions {
  WorkerCommand command = WorkerCommand::kServe;
  std::filesystem::path profile;  // where none is given: the one that join wrote into dir
  std::filesystem::path dir;
  std::string name;  // empty: the host's
  int slots = 0;     // 0: as many as the machine does best
  std::optional<std::chrono::milliseconds> exit_when_idle;
  std::optional<UnixMillis> until;  // from then on no more work
  std::uint64_t cache_limit_bytes = kDefaultCacheLimitBytes;
  std::uint64_t min_free_bytes = kDefaultMinFreeBytes;  // on the disk of `dir`
  std::optional<std::vector<int>> gpus;  // empty list: none; not given: all there are
  std::vector<DataRoot> data_roots;
  std::chrono::milliseconds resume_interval{60'000};          // 0: after each epoch
  std::chrono::milliseconds resume_upload_interval{600'000};  // 0: each that is written
  bool serve = false;                                         // listens to files that people send
  bool allow_command = false;                                 // programs that a sweep file names
  LogOptions log;
  bool connected = false;  // of kHealth: a session is wanted too
};

// From the command line, the environment and --config. The options (times of day as seen from now),
// or the exit code with which to end now (0 after
// --help and --version, 2 after bad input).
std::variant<WorkerOptions, int> ParseWorkerOptions(int argc, char** argv, const Clock& clock);

}  // namespace tutti
