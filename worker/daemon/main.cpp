// tutti-worker: builds the object graph, serves leases until it is told to end.
//
// Threads: the main one (event loop: agent, runners' pipes, spool; it spawns the runners, which die
// with it), kIoThreads for downloads and uploads, and gRPC's own.
#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <iterator>
#include <poll.h>
#include <thread>
#include <utility>

#include <spdlog/spdlog.h>

#include "common/clock.h"
#include "common/disk_space.h"
#include "common/environment.h"
#include "common/file_system.h"
#include "common/json.h"
#include "common/logging.h"
#include "common/random.h"
#include "common/rpc/channel.h"
#include "common/rpc/join.h"
#include "common/rpc/profile.h"
#include "common/rpc/session_protocol.h"
#include "common/service_notice.h"
#include "common/version.h"
#include "worker/daemon/disk_watch.h"
#include "worker/daemon/end_signals.h"
#include "worker/daemon/enrolment.h"
#include "worker/daemon/gpus.h"
#include "worker/daemon/health.h"
#include "worker/daemon/machine_watch.h"
#include "worker/daemon/options.h"
#include "worker/daemon/prediction_server.h"
#include "worker/daemon/slot_choice.h"
#include "worker/daemon/worker_daemon.h"

namespace tutti {
namespace {

constexpr std::size_t kIoThreads = 4;
constexpr char kMpsVariable[] = "CUDA_MPS_PIPE_DIRECTORY";
constexpr int kEndedAtOnce = 1;
constexpr int kBadInput = 2;
constexpr int kNotAllowed = 4;

// Of the runners that are installed with this binary.
Result<RunnerPool::Programs> FindPrograms() {
  const auto preprocess = FindTuttiProgram("tutti-preprocess");
  const auto train = FindTuttiProgram("tutti-train");
  RunnerPool::Programs programs;
  if (preprocess.ok()) programs[v1::JOB_KIND_PREPROCESS] = {preprocess->string()};
  if (train.ok()) programs[v1::JOB_KIND_TRAIN] = {train->string()};
  if (!programs.empty()) return programs;
  return FailedPrecondition("this worker could do nothing: " + preprocess.error().message +
                            "; and " + train.error().message);
}

// Before any thread: the runners inherit how GPUs are numbered, unless the user has said it.
Result<std::vector<int>> FindGpus(FileSystem& files, const WorkerOptions& options,
                                  const RunnerPool::Programs& programs) {
  ::setenv("CUDA_DEVICE_ORDER", "PCI_BUS_ID", /*overwrite=*/0);
  const auto trainer = programs.find(v1::JOB_KIND_TRAIN);
  MachineGpuProbe probe(files, trainer == programs.end() ? "" : trainer->second[0]);
  TUTTI_ASSIGN_OR_RETURN(auto gpus, ChooseGpus(options.gpus, probe));
  if (gpus.empty()) return gpus;
  if (const auto mps = FindMps(files, EnvironmentVariable(kMpsVariable))) {
    spdlog::info("runs share GPUs through the MPS server of {}", mps->string());
    ::setenv(kMpsVariable, mps->c_str(), /*overwrite=*/0);
  }
  return gpus;
}

int Cores() {
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

// On GPUs their memory bounds how many runs there are at a time, not the slots.
int SlotsOf(const WorkerOptions& options, const RunnerPool::Programs& programs, bool has_gpus,
            FileSystem& files) {
  if (options.slots > 0) return options.slots;
  const int cores = std::min(Cores(), kMaxSlots);
  const auto trainer = programs.find(v1::JOB_KIND_TRAIN);
  if (has_gpus || trainer == programs.end()) return cores;
  return ChooseSlotsOnce(files, options.dir, trainer->second[0], cores);
}

v1::WorkerHello MakeHello(const WorkerOptions& options, const RunnerPool::Programs& programs,
                          const std::vector<int>& gpus, const DataRoots& data_roots) {
  v1::WorkerHello hello;
  hello.set_host(HostName());
  hello.set_name(options.name.empty() ? HostName() : options.name);
  hello.set_version(kVersion);
  hello.set_protocol(kSessionProtocol);
  hello.set_cores(Cores());
  for (const auto& [kind, command] : programs) hello.add_kinds(kind);
  if (options.allow_command) hello.add_kinds(v1::JOB_KIND_COMMAND);
  for (const int gpu : gpus) hello.add_devices(DeviceName(gpu));
  for (const std::string& root : data_roots.Roots()) hello.add_data_roots(root);
  return hello;
}

void TellReady(const std::string& id, const v1::WorkerHello& hello, const std::vector<int>& gpus) {
  const Json ready = {{"ready", "tutti-worker"},
                      {"id", id},
                      {"name", hello.name()},
                      {"slots", hello.slots()},
                      {"gpus", gpus}};
  std::cout << DumpJson(ready) << std::endl;
  TellServiceManager(kServiceReady);
}

// SIGHUP: what can change while the daemon runs is read again.
using Reload = std::function<void()>;

void ReloadLogLevel(const std::variant<WorkerOptions, int>& options) {
  const auto* read = std::get_if<WorkerOptions>(&options);
  const Status set = read == nullptr ? InvalidArgument("the options cannot be read (see above)")
                                     : SetLogLevel(read->log.level);
  if (!set.ok())
    return spdlog::error("SIGHUP: everything stays as it was: {}", set.error().message);
  spdlog::log(spdlog::get_level(), "SIGHUP: log level {}", read->log.level);
}

// A first signal that ends drains; a second one ends everything now, also what hangs in a download.
// What matters is on disk at any time.
void WatchSignals(EventLoop& loop, EndSignals& signals, WorkerDaemon& daemon, RunnerPool& runners,
                  const Reload& reload) {
  loop.Watch(signals.fd(), POLLIN, [&, told = false](short) mutable {
    const int signal = signals.Take();
    if (signal == 0) return;
    if (signal == SIGHUP) return reload();
    if (!std::exchange(told, true)) {
      TellServiceManager(kServiceStopping);
      return daemon.Drain("signal " + std::to_string(signal));
    }
    runners.KillAll();
    std::quick_exit(kEndedAtOnce);
  });
}

Status Serve(const WorkerOptions& options, const Profile& profile, const Reload& reload) {
  TUTTI_ASSIGN_OR_RETURN(EndSignals signals, EndSignals::Block());
  const SystemClock clock;
  SystemRandom random;
  PosixFileSystem files;
  TUTTI_ASSIGN_OR_RETURN(auto programs, FindPrograms());
  TUTTI_ASSIGN_OR_RETURN(const auto gpus, FindGpus(files, options, programs));
  TUTTI_ASSIGN_OR_RETURN(const DataRoots data_roots, DataRoots::Create(options.data_roots));
  TUTTI_ASSIGN_OR_RETURN(const auto channel, OpenChannel(profile));
  TUTTI_ASSIGN_OR_RETURN(WorkerFolder folder, WorkerFolder::Open(files, random, options.dir));
  TUTTI_ASSIGN_OR_RETURN(RunnerLedger ledger, RunnerLedger::Open(files, random, folder.runners()));
  TUTTI_RETURN_IF_ERROR(ledger.AdoptOrphans());
  const auto cgroups = RunnerCgroups::Find(files, ledger.mark(), ledger.earlier_marks());
  TUTTI_ASSIGN_OR_RETURN(const auto spool, Spool::Open(files, folder.spool()));
  // Before the loop and so gone after it: work that the loop never came to holds pins.
  TUTTI_ASSIGN_OR_RETURN(const auto cache,
                         BlobCache::Open(files, clock, folder.cache(), options.cache_limit_bytes));
  TUTTI_ASSIGN_OR_RETURN(const auto loop, EventLoop::Create(clock));

  v1::WorkerHello hello = MakeHello(options, programs, gpus, data_roots);
  hello.set_slots(SlotsOf(options, programs, !gpus.empty(), files));
  const auto stub = v1::WorkerService::NewStub(channel);
  Backoff backoff(random, kFirstReconnect, kLongestReconnect);
  HealthBeat health(*loop, clock, folder.path() / kHealthFile);
  health.Beat(false);
  // Also before the first connect it ends when it is time to.
  const SteadyTime begun = clock.SteadyNow();
  const Waiter wait = [&](std::chrono::milliseconds at_most) {
    health.Beat(false);
    const bool told = signals.WaitFor(at_most, reload);
    const bool late = options.until && ToInt(clock.WallNow()) >= ToInt(*options.until);
    const bool idle =
        options.exit_when_idle && clock.SteadyNow() >= begun + *options.exit_when_idle;
    return told || late || idle ? Waited::kInterrupted : Waited::kFully;
  };
  TUTTI_ASSIGN_OR_RETURN(
      const std::string token,
      OwnToken(*stub, folder, {profile.token, hello.name()}, random, backoff, wait));

  const RunnerPool::Programs serving_programs = programs;
  RunnerPool runners({*loop, clock, files, ledger, cgroups.get()}, std::move(programs),
                     static_cast<std::size_t>(hello.slots()));
  // On a connection of their own: on a slow link a heartbeat must not wait behind an upload.
  TUTTI_ASSIGN_OR_RETURN(const auto blob_channel, OpenChannel(profile));
  GrpcBlobTransport blobs(BlobClient(v1::BlobService::NewStub(blob_channel), token));
  GpuShares shares(gpus);
  DiskWatch disk(
      files, options.dir, [&options] { return FreeBytes(options.dir); }, *cache,
      options.min_free_bytes);
  IoPool pool(kIoThreads);
  WorkerDaemon daemon({*loop, pool, clock, files, random, folder, *spool, *cache, blobs, data_roots,
                       runners, shares, *stub, [&disk] { return disk.Check(); }},
                      token,
                      {hello,
                       options.exit_when_idle,
                       options.until,
                       {options.resume_interval, options.resume_upload_interval}},
                      [&] { TellReady(folder.worker_id(), hello, gpus); });
  // On a connection of its own too: files of many megabytes come on it.
  TUTTI_ASSIGN_OR_RETURN(const auto predict_channel, OpenChannel(profile));
  const auto predict_stub = v1::PredictService::NewStub(predict_channel);
  RunnerPool listening({*loop, clock, files, ledger, cgroups.get()}, serving_programs, 2);
  std::unique_ptr<PredictionServer> server;
  if (options.serve) {
    TUTTI_ASSIGN_OR_RETURN(
        server, PredictionServer::Start(
                    {*loop, clock, files, random, *cache, blobs, listening, *predict_stub},
                    options.dir / "listening", folder.worker_id(), token, hello.cores()));
  }
  MachineWatch watch(
      {*loop, clock, files, ledger},
      {.gpus = !gpus.empty(), .visible_gpus = EnvironmentVariable("CUDA_VISIBLE_DEVICES")},
      [&daemon](const MachineSample& sample) { daemon.OnMachineSample(sample); });
  WatchSignals(*loop, signals, daemon, runners, reload);
  health.Start([&daemon] { return daemon.connected(); });
  daemon.Start();
  watch.Start();
  loop->Run();
  if (daemon.failure()) return *daemon.failure();
  return {};
}

// The word of an invite becomes this worker's token, and a profile beside it.
Status JoinByWord(const WorkerOptions& options) {
  SystemRandom random;
  PosixFileSystem files;
  TUTTI_ASSIGN_OR_RETURN(WorkerFolder folder, WorkerFolder::Open(files, random, options.dir));
  const std::string text{std::istreambuf_iterator<char>(std::cin), {}};
  TUTTI_ASSIGN_OR_RETURN(const InviteWord word, ReadInviteWord(text));
  const std::string name = options.name.empty() ? HostName() : options.name;
  // Kept before it is sent: the same word again, where the answer was lost, asks for the same.
  TUTTI_ASSIGN_OR_RETURN(const std::string own, folder.TokenToAskFor(random));
  TUTTI_ASSIGN_OR_RETURN(const Profile profile,
                         Join(word, {name, folder.worker_id(), own}, random));
  TUTTI_RETURN_IF_ERROR(folder.StoreToken(profile.token));
  TUTTI_RETURN_IF_ERROR(SaveProfile(files, options.dir / kJoinedProfile, profile));
  std::cout << name << " may work for " << profile.address << " now: tutti-worker --dir "
            << options.dir.string() << '\n';
  return {};
}

int ExitCode(const Error& error) {
  switch (error.code) {
    case ErrorCode::kCancelled:  // told to end before the first connect
      return 0;
    case ErrorCode::kInvalidArgument:
      return kBadInput;
    case ErrorCode::kUnauthenticated:
    case ErrorCode::kPermissionDenied:
    case ErrorCode::kAlreadyExists:  // another token of this worker is known
      return kNotAllowed;
    default:
      return 1;
  }
}

int Run(const WorkerOptions& options, const Reload& reload) {
  const auto complain = [](const Error& error, int exit_code) {
    if (exit_code != 0) std::cerr << "tutti-worker: " << error.message << '\n';
    return exit_code;
  };
  const Status logging = InitLogging("tutti-worker", options.log);
  if (!logging.ok()) return complain(logging.error(), kBadInput);
  if (options.command == WorkerCommand::kHealth) {
    const Status health =
        CheckHealth(options.dir / kHealthFile,
                    options.connected ? HealthWanted::kConnected : HealthWanted::kAlive,
                    SystemClock().WallNow());
    return health.ok() ? 0 : complain(health.error(), 1);
  }
  if (options.command == WorkerCommand::kJoin) {
    const Status joined = JoinByWord(options);
    return joined.ok() ? 0 : complain(joined.error(), ExitCode(joined.error()));
  }
  PosixFileSystem files;
  const Result<Profile> profile = LoadProfile(files, options.profile);
  if (!profile.ok() && profile.error().code == ErrorCode::kNotFound) {
    return complain(InvalidArgument(profile.error().message +
                                    "; give --profile FILE (worker.json of the coordinator's state "
                                    "folder), or paste an invite into  tutti-worker join --dir " +
                                    options.dir.string()),
                    kBadInput);
  }
  if (!profile.ok()) return complain(profile.error(), kBadInput);
  const Status served = Serve(options, *profile, reload);
  return served.ok() ? 0 : complain(served.error(), ExitCode(served.error()));
}

}  // namespace
}  // namespace tutti

int main(int argc, char** argv) {
  const auto parsed = tutti::ParseWorkerOptions(argc, argv, tutti::SystemClock());
  if (const int* exit_code = std::get_if<int>(&parsed)) return *exit_code;
  return tutti::Run(std::get<tutti::WorkerOptions>(parsed), [argc, argv] {
    tutti::ReloadLogLevel(tutti::ParseWorkerOptions(argc, argv, tutti::SystemClock()));
  });
}
