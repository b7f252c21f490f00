#include "worker/daemon/options.h"

#include <CLI/CLI.hpp>

#include "common/byte_size.h"
#include "common/duration.h"
#include "common/option_sources.h"
#include "common/version.h"
#include "worker/daemon/end_time.h"
#include "worker/daemon/gpus.h"

namespace tutti {
namespace {

constexpr int kBadInput = 2;

// An option whose text `parse` reads into `target`.
template <class Target, class Parse>
void AddParsed(CLI::App& app, const std::string& name, Target& target, Parse parse,
               const std::string& description) {
  app.add_option_function<std::string>(
      name,
      [&target, parse, name](const std::string& text) {
        const auto parsed = parse(text);
        if (!parsed.ok()) throw CLI::ValidationError(name, parsed.error().message);
        target = *parsed;
      },
      description);
}

void Describe(CLI::App& app, WorkerOptions& options, const Clock& clock) {
  app.description(
      "Does the jobs that a coordinator leases to this machine.\n"
      "Example: tutti-worker --profile worker.json --dir /var/lib/tutti-worker");
  app.set_version_flag("--version", kVersion);
  app.add_option("--profile", options.profile,
                 "how to reach the coordinator, and its token (default: what join wrote)");
  app.add_option("--dir", options.dir, "folder of this worker alone: identity, cache, spool")
      ->required();
  app.add_option("--name", options.name, "label in tables and pages (default: the host's name)");
  app.add_option(
         "--slots", options.slots,
         "jobs at a time (default: measured once; with GPUs one per core, as far as their memory "
         "allows)")
      ->check(CLI::Range(1, kMaxSlots));
  AddParsed(app, "--exit-when-idle", options.exit_when_idle, ParseDuration,
            "end after so long without work, for example 10m");
  AddParsed(
      app, "--until", options.until,
      [&clock](const std::string& text) { return ParseEndTime(text, clock.WallNow()); },
      "take no work from this local time on, give back what runs and end: HH:MM or "
      "YYYY-MM-DDTHH:MM");
  AddParsed(app, "--cache-limit", options.cache_limit_bytes, ParseByteSize,
            "most bytes of audio and features kept here, for example 20GB; those used longest ago "
            "go first (default: 50GB)");
  AddParsed(app, "--min-free", options.min_free_bytes, ParseByteSize,
            "below this much free room on the folder's disk no jobs are taken (default: 256MiB)");
  AddParsed(app, "--resume-interval", options.resume_interval, ParseDuration,
            "how often a training writes what another attempt can go on from (default: 60s; 0s: "
            "after each epoch)");
  AddParsed(app, "--resume-upload-interval", options.resume_upload_interval, ParseDuration,
            "how often that is uploaded (default: 10m; 0s: each time)");
  AddParsed(app, "--gpus", options.gpus, ParseGpuList,
            "GPUs to train on, by number, for example 0,2; or none (default: all there are)");
  app.add_option_function<std::vector<std::string>>(
         "--data-root",
         [&options](const std::vector<std::string>& texts) {
           for (const std::string& text : texts) {
             const auto root = ParseDataRoot(text);
             if (!root.ok()) throw CLI::ValidationError("--data-root", root.error().message);
             options.data_roots.push_back(*root);
           }
         },
         "ROOT=DIR: the files of datasets registered in place from ROOT are in DIR here; may be "
         "given several times")
      ->expected(1)
      ->take_all();
  app.add_flag("--serve", options.serve,
               "listen to files that people send to the coordinator's pages, beside the slots");
  app.add_flag("--allow-command", options.allow_command,
               "run programs that sweep files name, with this user's rights");
  app.add_option("--log-level", options.log.level,
                 "trace, debug, info, warn, error or off; SIGHUP reads it again from --config")
      ->capture_default_str();
  app.add_option("--log-format", options.log.format, "text or json")->capture_default_str();
  AddOptionSources(app, "TUTTI_WORKER_");
  CLI::App* join = app.add_subcommand(
      "join",
      "Reads the word of `tutti invite worker` from stdin; from then on --dir is enough.\n"
      "Example: tutti-worker join --dir /var/lib/tutti-worker");
  join->fallthrough();  // --dir and --name may stand behind it
  join->callback([&options] { options.command = WorkerCommand::kJoin; });
  CLI::App* health = app.add_subcommand(
      "health",
      "Exit code 0 where a worker lives in --dir, 1 and the reason where none does; for probes.\n"
      "Example: tutti-worker health --connected --dir /var/lib/tutti-worker");
  health->fallthrough();
  health->add_flag("--connected", options.connected, "and has a session with its coordinator");
  health->callback([&options] { options.command = WorkerCommand::kHealth; });
}

}  // namespace

std::variant<WorkerOptions, int> ParseWorkerOptions(int argc, char** argv, const Clock& clock) {
  WorkerOptions options;
  CLI::App app;
  app.name("tutti-worker");
  Describe(app, options, clock);
  try {
    ParseFromAllSources(app, argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : kBadInput;
  }
  if (options.profile.empty()) options.profile = options.dir / kJoinedProfile;
  return options;
}

}  // namespace tutti
