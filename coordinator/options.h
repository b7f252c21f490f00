// tutti-coordinator's command line.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <variant>

#include "common/logging.h"
#include "coordinator/upkeep/weights_retention.h"

namespace tutti {

// kServe: no command.
enum class CoordinatorCommand { kServe, kBackup, kRestore, kCheck };

inline constexpr char kDefaultHttp[] = "127.0.0.1:7771";

struct CoordinatorOptions {
  CoordinatorCommand command = CoordinatorCommand::kServe;
  std::filesystem::path backup;  // of kBackup and kRestore
  std::filesystem::path state;
  std::string listen = "127.0.0.1:7770";
  std::string advertise;  // host for profiles; empty: the one in `listen`
  // HOST:PORT of the pages; "none": none; empty: kDefaultHttp, or any free port where that is taken
  // or `listen` has port 0, and none with a unix socket.
  std::string http;
  std::filesystem::path socket;  // a unix socket in place of TCP; empty: none
  std::chrono::milliseconds lease{30'000};
  std::chrono::milliseconds heartbeat{5'000};
  // Garbage collection: how long a blob without a name stays, and the time between collections.
  std::chrono::milliseconds keep_unnamed = std::chrono::hours(24);
  std::chrono::milliseconds collect_every = std::chrono::minutes(10);
  std::uint64_t min_free_bytes = 256ULL << 20;  // on the state folder's disk, for new work
  RetentionOptions retention;                   // of weights
  std::string notify;                           // the operator's command; empty: none
  // Workers by Slurm: sbatch's options; nothing: none are asked for.
  std::optional<std::string> slurm;
  int slurm_most = 4;
  std::chrono::milliseconds slurm_idle{60'000};
  std::chrono::milliseconds slurm_look{10'000};
  std::string slurm_worker;  // the command that starts one; empty: tutti-worker beside this program
  LogOptions log;
};

// From the command line, the environment and --config. The options, or the exit code where there is
// nothing to run (help, version, bad input); what there was to say is printed.
std::variant<CoordinatorOptions, int> ParseCoordinatorOptions(int argc, char** argv);

}  // namespace tutti
