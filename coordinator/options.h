// tutti-coordinator's command line.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <variant>

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
  std::string log_level = "info";
};

// The options, or the exit code where there is nothing to run (help, version, bad input); what
// there was to say is printed.
std::variant<CoordinatorOptions, int> ParseCoordinatorOptions(int argc, char** argv);

}  // namespace tutti
