// tutti-worker: builds the object graph, serves leases until it is told to end.
//
// Threads: the main one (event loop: agent, runners' pipes, spool; it spawns the runners, which die
// with it), kIoThreads for downloads and uploads, and gRPC's own.
#include <iostream>
#include <poll.h>
#include <thread>

#include <spdlog/spdlog.h>

#include "common/clock.h"
#include "common/environment.h"
#include "common/file_system.h"
#include "common/json.h"
#include "common/logging.h"
#include "common/random.h"
#include "common/rpc/channel.h"
#include "common/rpc/profile.h"
#include "common/version.h"
#include "worker/daemon/end_signals.h"
#include "worker/daemon/enrolment.h"
#include "worker/daemon/options.h"
#include "worker/daemon/worker_daemon.h"

namespace tutti {
namespace {

constexpr std::size_t kIoThreads = 4;
constexpr int kEndedAtOnce = 1;
constexpr int kBadInput = 2;

// Of the runners that lie beside this binary.
Result<RunnerPool::Programs> FindPrograms(FileSystem& files) {
  TUTTI_ASSIGN_OR_RETURN(const std::filesystem::path folder, BinaryFolder());
  RunnerPool::Programs programs;
  const auto add = [&](v1::JobKind kind, const char* name) {
    if (files.Exists(folder / name)) programs[kind] = {(folder / name).string()};
  };
  add(v1::JOB_KIND_PREPROCESS, "tutti-preprocess");
  add(v1::JOB_KIND_TRAIN, "tutti-train");
  if (!programs.empty()) return programs;
  return FailedPrecondition("neither tutti-preprocess nor tutti-train lies in " + folder.string() +
                            ": this worker could do nothing; install them beside tutti-worker");
}

v1::WorkerHello MakeHello(const WorkerOptions& options, const RunnerPool& runners) {
  const int cores = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  v1::WorkerHello hello;
  hello.set_host(HostName());
  hello.set_name(options.name.empty() ? HostName() : options.name);
  hello.set_version(kVersion);
  hello.set_cores(cores);
  hello.set_slots(options.slots > 0 ? options.slots : std::min(cores, kMaxSlots));
  for (const v1::JobKind kind : runners.Kinds()) hello.add_kinds(kind);
  return hello;
}

void TellReady(const std::string& id, const v1::WorkerHello& hello) {
  const Json ready = {
      {"ready", "tutti-worker"}, {"id", id}, {"name", hello.name()}, {"slots", hello.slots()}};
  std::cout << DumpJson(ready) << std::endl;
}

Result<int> Serve(const WorkerOptions& options) {
  TUTTI_ASSIGN_OR_RETURN(EndSignals signals, EndSignals::Block());
  const SystemClock clock;
  SystemRandom random;
  PosixFileSystem files;
  TUTTI_ASSIGN_OR_RETURN(const Profile profile, LoadProfile(files, options.profile));
  TUTTI_ASSIGN_OR_RETURN(const auto channel, OpenChannel(profile));
  TUTTI_ASSIGN_OR_RETURN(WorkerFolder folder, WorkerFolder::Open(files, random, options.dir));
  TUTTI_ASSIGN_OR_RETURN(RunnerLedger ledger, RunnerLedger::Open(files, random, folder.runners()));
  TUTTI_ASSIGN_OR_RETURN(const auto spool, Spool::Open(files, folder.spool()));
  // Before the loop and so gone after it: work that the loop never came to holds pins.
  TUTTI_ASSIGN_OR_RETURN(const auto cache, BlobCache::Open(files, folder.cache()));
  TUTTI_ASSIGN_OR_RETURN(auto programs, FindPrograms(files));
  TUTTI_ASSIGN_OR_RETURN(const auto loop, EventLoop::Create(clock));

  const int cores = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  const int slots = options.slots > 0 ? options.slots : std::min(cores, kMaxSlots);
  RunnerPool runners({*loop, clock, files, ledger}, std::move(programs),
                     static_cast<std::size_t>(slots));
  const v1::WorkerHello hello = MakeHello(options, runners);
  const auto stub = v1::WorkerService::NewStub(channel);
  Backoff enrol_backoff(random, kFirstReconnect, kLongestReconnect);
  const auto token =
      OwnToken(*stub, folder, profile.token, hello.name(), enrol_backoff,
               [&](std::chrono::milliseconds wait) {
                 return signals.WaitFor(wait) ? Waited::kInterrupted : Waited::kFully;
               });
  if (!token.ok() && token.error().code == ErrorCode::kCancelled) return 0;
  if (!token.ok()) return token.error();

  GrpcBlobTransport blobs(BlobClient(v1::BlobService::NewStub(channel), *token));
  IoPool pool(kIoThreads);
  WorkerDaemon daemon(
      {*loop, pool, clock, files, random, folder, *spool, *cache, blobs, runners, *stub}, *token,
      {hello, options.exit_when_idle}, [&] { TellReady(folder.worker_id(), hello); });
  int told_to_end = 0;
  loop->Watch(signals.fd(), POLLIN, [&](short) {
    const int signal = signals.Take();
    if (signal == 0) return;
    if (++told_to_end == 1) return daemon.Drain("signal " + std::to_string(signal));
    loop->Stop();
  });
  daemon.Start();
  loop->Run();
  if (daemon.failure()) return *daemon.failure();
  if (told_to_end > 1) return kEndedAtOnce;
  return 0;
}

}  // namespace
}  // namespace tutti

int main(int argc, char** argv) {
  const auto parsed = tutti::ParseWorkerOptions(argc, argv);
  if (const int* exit_code = std::get_if<int>(&parsed)) return *exit_code;
  const auto& options = std::get<tutti::WorkerOptions>(parsed);
  tutti::Status status = tutti::InitLogging("tutti-worker", options.log_level);
  if (!status.ok()) {
    std::cerr << "tutti-worker: " << status.error().message << '\n';
    return tutti::kBadInput;
  }
  const tutti::Result<int> served = tutti::Serve(options);
  if (served.ok()) return *served;
  std::cerr << "tutti-worker: " << served.error().message << '\n';
  const bool bad_input = served.error().code == tutti::ErrorCode::kInvalidArgument;
  return bad_input ? tutti::kBadInput : 1;
}
