#include "coordinator/options.h"

#include <CLI/CLI.hpp>

#include "common/byte_size.h"
#include "common/duration.h"
#include "common/option_sources.h"
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

void AddByteSize(CLI::App& app, const std::string& name, std::uint64_t& target,
                 const std::string& default_text, const std::string& help) {
  app.add_option_function<std::string>(
         name,
         [&target](const std::string& text) {
           const auto bytes = ParseByteSize(text);
           if (!bytes.ok()) throw CLI::ValidationError(bytes.error().message);
           target = *bytes;
         },
         help)
      ->default_str(default_text);
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
  app.add_option(
      "--http", options.http,
      std::string("HOST:PORT for the pages, or none; HTTPS beyond this machine (default ") +
          kDefaultHttp + ", or a free port where that is taken)");
  app.add_option("--socket", options.socket,
                 "unix socket in place of TCP, for this user's processes only");
  AddDuration(app, "--lease", options.lease, "how long an attempt lives without a heartbeat");
  AddDuration(app, "--heartbeat", options.heartbeat, "how often workers tell that they live");
  AddDuration(app, "--keep-unnamed", options.keep_unnamed,
              "how long uploaded files that nothing names are kept");
  AddDuration(app, "--collect-every", options.collect_every,
              "time between two removals of files that nothing needs");
  AddByteSize(app, "--min-free", options.min_free_bytes, "256MiB",
              "below this much free room on the state folder's disk no new work is taken");
  AddDuration(app, "--keep-weights-for", options.retention.keep_for,
              "how long runs keep their weights, but each cell's best run and sweeps that have not "
              "ended, for example 30d; 0: always");
  AddByteSize(app, "--weights-quota", options.retention.quota_bytes, "0",
              "most bytes of all weights together, for example 50GiB; the oldest go first, but as "
              "above; 0: no limit");
  app.add_option("--notify", options.notify,
                 "command for sh, run when a sweep ends and at its first failure; $TUTTI_EVENT, "
                 "$TUTTI_SWEEP, $TUTTI_SUCCEEDED, $TUTTI_FAILED, $TUTTI_CANCELLED, $TUTTI_MESSAGE");
  app.add_option("--slurm", options.slurm,
                 "ask Slurm for workers while jobs wait, with these options of sbatch, for example "
                 "\"--partition gpu --gres gpu:1 --time 4:00:00\" (\"\" for none)");
  app.add_option("--slurm-max", options.slurm_most, "most of its allocations at a time")
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str();
  AddDuration(app, "--slurm-idle", options.slurm_idle,
              "a worker without work for so long gives its allocation back");
  AddDuration(app, "--slurm-look", options.slurm_look, "time between two looks at Slurm's queue");
  app.add_option("--slurm-worker", options.slurm_worker,
                 "command that starts a worker on a node, for example \"/shared/tutti-worker "
                 "--allow-command\" (default: tutti-worker beside this program)");
  app.add_option("--log-level", options.log.level,
                 "trace, debug, info, warn, error or off; SIGHUP reads it again from --config")
      ->capture_default_str();
  app.add_option("--log-format", options.log.format, "text or json")->capture_default_str();
  AddOptionSources(app, "TUTTI_COORDINATOR_");
}

void AddCommand(CLI::App& app, CoordinatorOptions& options, const std::string& name,
                CoordinatorCommand command, const std::string& help) {
  CLI::App* sub = app.add_subcommand(name, help);
  sub->fallthrough();  // --state may stand behind it
  sub->callback([&options, command] { options.command = command; });
  if (command == CoordinatorCommand::kCheck) return;
  sub->add_option("DIR", options.backup, "the backup's folder")->required();
}

void DescribeCommands(CLI::App& app, CoordinatorOptions& options) {
  app.require_subcommand(0, 1);
  AddCommand(app, options, "backup", CoordinatorCommand::kBackup,
             "Copies the state folder to DIR, also while the coordinator runs.\n"
             "Example: tutti-coordinator backup /backups/monday --state /var/lib/tutti");
  AddCommand(app, options, "restore", CoordinatorCommand::kRestore,
             "Checks the backup DIR and makes a new state folder from it.\n"
             "Example: tutti-coordinator restore /backups/monday --state /var/lib/tutti-new");
  AddCommand(app, options, "check", CoordinatorCommand::kCheck,
             "Looks at everything in the state folder (or in a backup); exit code 1: findings.\n"
             "Example: tutti-coordinator check --state /var/lib/tutti");
}

}  // namespace

std::variant<CoordinatorOptions, int> ParseCoordinatorOptions(int argc, char** argv) {
  CoordinatorOptions options;
  CLI::App app;
  app.name("tutti-coordinator");
  Describe(app, options);
  DescribeCommands(app, options);
  try {
    ParseFromAllSources(app, argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : kBadInput;
  }
  return options;
}

}  // namespace tutti
