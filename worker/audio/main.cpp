// tutti-preprocess: the runner that makes feature shards, and the same work by hand.
#include <csignal>
#include <cstdint>
#include <iostream>
#include <malloc.h>
#include <new>
#include <optional>
#include <string>
#include <unistd.h>

#include <CLI/CLI.hpp>

#include "common/clock.h"
#include "common/file_system.h"
#include "common/version.h"
#include "worker/audio/commands.h"
#include "worker/audio/line_io.h"
#include "worker/audio/requests.h"
#include "worker/audio/runner.h"

namespace {

constexpr int kBadInput = 2;
constexpr int kOutOfMemory = 1;
constexpr char kFooter[] =
    "Without a command it is a runner: one JSON job per line on standard input, one JSON event per "
    "line on standard output.\n\nExamples:\n"
    "  tutti-preprocess one song.flac song.safetensors\n"
    "  tutti-preprocess bench music/ --threads 2";

int ExitCode(const tutti::Status& status) {
  if (status.ok()) return 0;
  std::cerr << "tutti-preprocess: " << status.error().message << '\n';
  return kBadInput;
}

// For `tutti dataset check` and `figure`: one request on standard input, events on standard output.
int Serve(tutti::Status (*serve)(std::string_view, tutti::EventWriter&)) {
  std::signal(SIGPIPE, SIG_IGN);
  tutti::EventWriter events(STDOUT_FILENO);
  const auto line = tutti::LineReader(STDIN_FILENO).Next();
  tutti::Status served =
      line.ok() ? serve(line->value_or(""), events) : tutti::Status(line.error());
  if (served.ok()) return 0;
  tutti::TellFailure(served.error(), events);
  return kBadInput;
}

int RunAsRunner() {
  // A daemon that is gone shows as a failed write and as the end of input, not as a signal.
  std::signal(SIGPIPE, SIG_IGN);
  const tutti::SystemClock clock;
  tutti::EventWriter events(STDOUT_FILENO);
  return ExitCode(tutti::Runner(events, clock).Run(STDIN_FILENO));
}

}  // namespace

int main(int argc, char** argv) {
  // A clip's buffers come and go with each track: keeping them spares the kernel zeroing pages.
  ::mallopt(M_MMAP_THRESHOLD, 64 << 20);
  ::mallopt(M_TRIM_THRESHOLD, 256 << 20);
  CLI::App app("Makes mel features of audio files, equal to librosa's.", "tutti-preprocess");
  app.set_version_flag("--version", std::string("tutti-preprocess ") + tutti::kVersion);
  app.footer(kFooter);
  app.require_subcommand(0, 1);

  std::string audio;
  std::string output;
  std::optional<std::string> features;
  CLI::App* one = app.add_subcommand("one", "Features of one audio file as safetensors");
  one->add_option("AUDIO", audio, "WAV, FLAC, OGG, Opus or MP3")->required();
  one->add_option("OUT", output, "tensor mel [n_mels, frames] float32")->required();
  one->add_option("--features", features, "feature spec as JSON; missing keys take their defaults");

  std::string folder;
  std::int64_t threads = 1;
  CLI::App* bench = app.add_subcommand("bench", "Time per track over all audio below a folder");
  bench->add_option("DIR", folder, "folder, searched with its subfolders")->required();
  bench->add_option("--threads", threads, "threads at work")->capture_default_str();

  CLI::App* check = app.add_subcommand("check", "For tutti dataset check: a request on stdin");
  CLI::App* figure = app.add_subcommand("figure", "For tutti dataset figure: a request on stdin");

  try {
    app.parse(argc, argv);
    if (*check) return Serve(tutti::ServeCheck);
    if (*figure) return Serve(tutti::ServeFigure);
    if (*one) {
      tutti::PosixFileSystem files;
      return ExitCode(tutti::PreprocessOne(files, audio, output, features));
    }
    if (*bench) {
      const tutti::SystemClock clock;
      return ExitCode(tutti::Bench(folder, threads, clock, std::cout, std::cerr));
    }
    return RunAsRunner();
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : kBadInput;
  } catch (const std::bad_alloc&) {
    std::cerr << "tutti-preprocess: out of memory\n";
    return kOutOfMemory;
  }
}
