#include "coordinator/options.h"

#include <CLI/CLI.hpp>

#include "common/duration.h"
#include "common/version.h"

namespace tutti {
namespace {

constexpr int kBadInput = 2;

void AddDuration(CLI::App& app, const std::string& name, std::chrono::milliseconds& target,
                 const std::string& help) {
  app.add_option_function<std::string>(
         name,
         [&target](const std::string& text) {
           const auto duration = ParseDuration(text);
           if (!duration.ok()) throw CLI::ValidationError(duration.error().message);
           target = *duration;
         },
         help)
      ->default_str(FormatDuration(target));
}

void Describe(CLI::App& app, CoordinatorOptions& options) {
  app.description(
      "Owns sweeps, jobs and results, and sends jobs to workers.\n"
      "Example: tutti-coordinator --state /var/lib/tutti --listen 0.0.0.0:7770 --advertise "
      "gpu-head");
  app.set_version_flag("--version", kVersion);
  app.add_option("--state", options.state, "folder for everything that is kept")->required();
  app.add_option("--listen", options.listen, "HOST:PORT for workers and clients, always TLS")
      ->capture_default_str();
  app.add_option("--advertise", options.advertise, "host name that profiles name");
  app.add_option("--socket", options.socket,
                 "unix socket in place of TCP, for this user's processes only");
  AddDuration(app, "--lease", options.lease, "how long an attempt lives without a heartbeat");
  AddDuration(app, "--heartbeat", options.heartbeat, "how often workers tell that they live");
  app.add_option("--log-level", options.log_level, "trace, debug, info, warn, error or off")
      ->capture_default_str();
}

}  // namespace

std::variant<CoordinatorOptions, int> ParseCoordinatorOptions(int argc, char** argv) {
  CoordinatorOptions options;
  CLI::App app;
  app.name("tutti-coordinator");
  Describe(app, options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : kBadInput;
  }
  return options;
}

}  // namespace tutti
