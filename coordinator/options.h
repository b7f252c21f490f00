// tutti-coordinator's command line.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <variant>

namespace tutti {

struct CoordinatorOptions {
  std::filesystem::path state;
  std::string listen = "127.0.0.1:7770";
  std::string advertise;         // host for profiles; empty: the one in `listen`
  std::filesystem::path socket;  // a unix socket in place of TCP; empty: none
  std::chrono::milliseconds lease{30'000};
  std::chrono::milliseconds heartbeat{5'000};
  std::string log_level = "info";
};

// The options, or the exit code where there is nothing to run (help, version, bad input); what
// there was to say is printed.
std::variant<CoordinatorOptions, int> ParseCoordinatorOptions(int argc, char** argv);

}  // namespace tutti
