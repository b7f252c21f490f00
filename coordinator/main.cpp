// tutti-coordinator: builds the object graph, says that it is ready, serves until it is told to
// end.
#include <algorithm>
#include <csignal>
#include <functional>
#include <future>
#include <iostream>
#include <memory>
#include <optional>

#include <spdlog/spdlog.h>

#include "common/clock.h"
#include "common/disk_space.h"
#include "common/duration.h"
#include "common/environment.h"
#include "common/file_system.h"
#include "common/hash.h"
#include "common/json.h"
#include "common/logging.h"
#include "common/random.h"
#include "common/service_notice.h"
#include "common/version.h"
#include "coordinator/blobs/blob_keeper.h"
#include "coordinator/blobs/blob_store.h"
#include "coordinator/http/cookie_seal.h"
#include "coordinator/http/metrics.h"
#include "coordinator/http/web_server.h"
#include "coordinator/listener.h"
#include "coordinator/options.h"
#include "coordinator/rpc/access.h"
#include "coordinator/rpc/access_service.h"
#include "coordinator/rpc/blob_service.h"
#include "coordinator/rpc/lease_builder.h"
#include "coordinator/rpc/manifest_cache.h"
#include "coordinator/rpc/predict_service.h"
#include "coordinator/rpc/session_hub.h"
#include "coordinator/rpc/sweep_service.h"
#include "coordinator/rpc/worker_service.h"
#include "coordinator/served_certificate.h"
#include "coordinator/slurm/slurm_allocator.h"
#include "coordinator/state_folder.h"
#include "coordinator/store/reader_pool.h"
#include "coordinator/store/sqlite_store.h"
#include "coordinator/upkeep/apply_retention.h"
#include "coordinator/upkeep/commands.h"
#include "coordinator/upkeep/disk_guard.h"
#include "coordinator/upkeep/garbage_collector.h"
#include "coordinator/upkeep/live_attempts.h"
#include "coordinator/upkeep/notifier.h"
#include "coordinator/writer/writer.h"

namespace tutti {
namespace {

// The options, read anew from where they came.
using OptionsReader = std::function<std::variant<CoordinatorOptions, int>()>;

constexpr char kAnyHttpPort[] = "127.0.0.1:0";
constexpr std::chrono::seconds kHealthLimit{5};

// Blocks the signals that end the process, so that only WaitForEnd sees them; before any thread is
// made.
sigset_t BlockEndSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return signals;
}

// reload: at each SIGHUP.
void WaitForEnd(const sigset_t& signals, const std::function<void()>& reload) {
  int signal = SIGHUP;
  while (signal == SIGHUP) {
    sigwait(&signals, &signal);
    if (signal == SIGHUP) reload();
  }
  spdlog::info("signal {}: draining", signal);
  TellServiceManager(kServiceStopping);
}

std::string AdvertisedAddress(const CoordinatorOptions& options, const Listener& listener) {
  if (listener.port() == 0 || options.advertise.empty()) return listener.address();
  return options.advertise + ":" + std::to_string(listener.port());
}

// certificate: of TCP; null with a unix socket.
Result<std::unique_ptr<Listener>> Listen(const CoordinatorOptions& options, StateFolder& folder,
                                         const ServedCertificate* certificate,
                                         const std::vector<grpc::Service*>& services) {
  if (!options.socket.empty()) return Listener::OnUnixSocket(options.socket, services);
  TUTTI_ASSIGN_OR_RETURN(auto listener, Listener::OnTcp(options.listen, folder.RememberedPort(),
                                                        *certificate, services));
  TUTTI_RETURN_IF_ERROR(folder.RememberPort(listener->port()));
  return listener;
}

// Every token that a profile will hold is durable and known before anyone can connect.
Status PrepareTokens(StateFolder& folder, Store& store, AccessControl& access, RandomSource& random,
                     const Clock& clock) {
  TUTTI_ASSIGN_OR_RETURN(const auto reader, store.OpenReader());
  TUTTI_ASSIGN_OR_RETURN(const auto known, reader->Tokens());
  const Changes changes = folder.ChooseTokens(known, random, clock.WallNow());
  if (!changes.empty()) TUTTI_RETURN_IF_ERROR(store.Commit(changes));
  return access.Load(*reader);
}

BlobKeeperOptions KeeperOptions(const CoordinatorOptions& options) {
  BlobKeeperOptions keeper;
  keeper.pin = options.keep_unnamed;
  // A worker that comes back after a start has a lease period to tell what it finished.
  keeper.settle = std::min(options.keep_unnamed, std::max(keeper.settle, 2 * options.lease));
  return keeper;
}

// What the pages' server is told; nothing: there is none.
std::optional<WebServerOptions> WebOptions(const CoordinatorOptions& options, StateFolder& folder,
                                           const CertificatePair& certificate) {
  if (options.http == "none" || (options.http.empty() && !options.socket.empty())) return {};
  WebServerOptions web;
  web.listen = options.http;
  if (options.http.empty()) {
    web.listen = options.listen.ends_with(":0") ? kAnyHttpPort : kDefaultHttp;
    web.or_any_port = true;
  }
  web.remembered_port = folder.RememberedHttpPort();
  web.advertise = options.advertise;
  web.certificate_pem = certificate.certificate_pem;
  web.key_pem = certificate.key_pem;
  web.version = kVersion;
  return web;
}

// Whether the thread that owns all state still answers.
Status AskWriter(Writer& writer) {
  auto answered = std::make_shared<std::promise<Status>>();
  auto answer = answered->get_future();
  writer.PostLook([](const Core&) {},
                  [answered](const Status& done) { answered->set_value(done); });
  if (answer.wait_for(kHealthLimit) != std::future_status::ready) {
    return Unavailable("the coordinator's writer did not answer");
  }
  return answer.get();
}

Result<std::unique_ptr<WebServer>> StartPages(const CoordinatorOptions& options,
                                              StateFolder& folder,
                                              const CertificatePair& certificate,
                                              const WebServer::Surroundings& around,
                                              Listener& listener) {
  auto web = WebOptions(options, folder, certificate);
  if (!web) return std::unique_ptr<WebServer>();
  TUTTI_ASSIGN_OR_RETURN(const std::string key, folder.CookieKeyHex(around.random));
  TUTTI_ASSIGN_OR_RETURN(web->cookie_key, BytesFromHex(key));
  TUTTI_ASSIGN_OR_RETURN(auto pages, WebServer::Start(around, listener.InProcessChannel(), *web));
  TUTTI_RETURN_IF_ERROR(folder.RememberHttpPort(pages->port()));
  return pages;
}

void TellReady(const Listener& listener, const WebServer* pages, const StateFolder& folder) {
  Json ready = {{"ready", "tutti-coordinator"},
                {"listen", listener.address()},
                {"profile", folder.admin_profile().string()}};
  if (pages != nullptr) ready["http"] = pages->address();
  std::cout << DumpJson(ready) << std::endl;
}

// What allocations are called, so that a coordinator that starts anew on this state knows them.
std::string AllocationName(const std::filesystem::path& state) {
  constexpr std::size_t kDigits = 8;
  const std::string place = HostName() + ":" + std::filesystem::absolute(state).string();
  return "tutti-" + Sha256Hex(place).substr(0, kDigits);
}

Result<SlurmOptions> AskOfSlurm(const CoordinatorOptions& options, FileSystem& files,
                                ManifestCache& manifests) {
  SlurmOptions slurm;
  slurm.sbatch_options = *options.slurm;
  slurm.most = options.slurm_most;
  slurm.name = AllocationName(options.state);
  slurm.look = options.slurm_look;
  slurm.script.worker = options.slurm_worker;
  if (slurm.script.worker.empty()) {
    TUTTI_ASSIGN_OR_RETURN(const auto folder, BinaryFolder());
    slurm.script.worker = (folder / "tutti-worker").string();
  }
  slurm.read_profile = [&files, path = options.state / "worker.json"] {
    return files.ReadFile(path);
  };
  slurm.data_root_of = [&manifests](const SweepRecord& sweep) -> Result<std::string> {
    if (sweep.dataset_version.empty()) return std::string();
    TUTTI_ASSIGN_OR_RETURN(const auto manifest, manifests.Get(sweep.dataset_version));
    return manifest->in_place_root;
  };
  slurm.script.idle = FormatDuration(options.slurm_idle);
  return slurm;
}

// What SIGHUP reads again: the log level, and the certificate, which clients of the profiles that
// are written with it will pin. Where either cannot be used, it stays as it was.
class Reloader {
 public:
  struct Parts {
    StateFolder& folder;
    ServedCertificate* served;  // null: a unix socket
    WebServer* pages;           // null: none
    std::string address;
    const Clock& clock;
    CertificatePair certificate;  // as it is served
  };
  Reloader(Parts parts, OptionsReader read_options)
      : parts_(std::move(parts)), read_options_(std::move(read_options)) {}

  void Reload() {
    Tell("log level", ReloadLogLevel());
    if (parts_.served != nullptr) Tell("certificate", ReloadCertificate());
  }

 private:
  static void Tell(const std::string& what, const Result<std::string>& done) {
    if (!done.ok()) {
      return spdlog::error("SIGHUP: the {} stays as it was: {}", what, done.error().message);
    }
    spdlog::log(spdlog::get_level(), "SIGHUP: {}: {}", what, *done);
  }
  Result<std::string> ReloadLogLevel() {
    const auto read = read_options_();
    const auto* options = std::get_if<CoordinatorOptions>(&read);
    if (options == nullptr) return InvalidArgument("the options cannot be read (see above)");
    TUTTI_RETURN_IF_ERROR(SetLogLevel(options->log.level));
    return options->log.level;
  }
  Result<std::string> ReloadCertificate() {
    TUTTI_ASSIGN_OR_RETURN(const auto pair, parts_.folder.Certificate(parts_.clock.WallNow()));
    if (pair == parts_.certificate) return "unchanged";
    if (!IsValidAt(pair, parts_.clock.WallNow())) {
      return InvalidArgument("certificate.pem is not valid now (not yet, or not any more)");
    }
    TUTTI_RETURN_IF_ERROR(parts_.served->Replace(pair));
    if (parts_.pages != nullptr) {
      TUTTI_RETURN_IF_ERROR(parts_.pages->UseCertificate(pair.certificate_pem, pair.key_pem));
    }
    TUTTI_RETURN_IF_ERROR(parts_.folder.WriteProfiles(parts_.address, pair.certificate_pem));
    parts_.certificate = pair;
    return "a new one for new connections; the profiles in the state folder have it";
  }

  Parts parts_;
  const OptionsReader read_options_;
};

Status Serve(const CoordinatorOptions& options, const OptionsReader& read_options) {
  const sigset_t signals = BlockEndSignals();
  const SystemClock clock;
  SystemRandom random;
  PosixFileSystem files;
  TUTTI_ASSIGN_OR_RETURN(const auto folder, StateFolder::Open(files, options.state));
  TUTTI_ASSIGN_OR_RETURN(const auto certificate, folder->Certificate(clock.WallNow()));
  TUTTI_ASSIGN_OR_RETURN(const auto store, SqliteStore::Open(folder->database()));
  TUTTI_ASSIGN_OR_RETURN(const auto blobs, BlobStore::Open(files, folder->blobs()));
  BlobKeeper keeper(*blobs, clock, KeeperOptions(options));
  const DiskGuard disk(options.state, [&options] { return FreeBytes(options.state); },
                       {.min_free_bytes = options.min_free_bytes});
  ReaderPool readers(*store, {});
  ManifestCache manifests(*blobs);
  LeaseBuilder leases(manifests);
  TableCache tables;
  AccessControl access;

  WriterOptions writer_options;
  writer_options.core.lease = options.lease;
  Metrics metrics;
  Writer writer(*store, clock, writer_options);
  writer.UseTelemetry(metrics);
  writer.UseObserver([&tables](const Changes& changes) { tables.OnCommitted(changes); });
  writer.UseGate([&disk] { return disk.AllowNewWork(); });
  SessionHub hub(writer, leases, readers, clock, kSilentHeartbeats * options.heartbeat);
  hub.UseTelemetry(metrics);
  WorkerServiceImpl worker_service(writer, hub, keeper, access, clock, random,
                                   {options.heartbeat, options.lease, kVersion});
  BlobServiceImpl blob_service(*blobs, keeper, disk, readers, access);
  blob_service.UseTelemetry(metrics);
  SweepServiceImpl sweep_service(writer, hub, readers, keeper, disk, manifests, leases, tables,
                                 access, clock, kVersion);
  PredictServiceImpl predict_service(readers, manifests, access);
  AccessServiceImpl access_service(writer, hub, predict_service.serving(), readers, access);
  GarbageCollector collector(
      {files, options.state, *blobs, keeper, readers,
       [&writer] { return AskForLiveAttempts(writer); },
       [&]() -> Status {
         TUTTI_RETURN_IF_ERROR(ApplyRetention(options.retention, clock, readers, writer));
         return {};
       }},
      {.interval = options.collect_every});

  TUTTI_RETURN_IF_ERROR(PrepareTokens(*folder, *store, access, random, clock));
  TUTTI_RETURN_IF_ERROR(writer.Start(hub));
  hub.Start();
  std::unique_ptr<ServedCertificate> served;
  if (options.socket.empty()) {
    TUTTI_ASSIGN_OR_RETURN(
        served, ServedCertificate::Create(files, folder->served_certificate(), certificate));
  }
  TUTTI_ASSIGN_OR_RETURN(
      const auto listener,
      Listen(options, *folder, served.get(),
             {&worker_service, &blob_service, &sweep_service, &predict_service, &access_service}));
  const std::string pinned = listener->port() == 0 ? "" : certificate.certificate_pem;
  TUTTI_RETURN_IF_ERROR(folder->WriteProfiles(AdvertisedAddress(options, *listener), pinned));
  TUTTI_ASSIGN_OR_RETURN(const auto pages, StartPages(options, *folder, certificate,
                                                      {access, clock, random, metrics,
                                                       [&writer] { return AskWriter(writer); }},
                                                      *listener));
  TellReady(*listener, pages.get(), *folder);
  TellServiceManager(kServiceReady);
  spdlog::info("ready on {}, state in {}", listener->address(), options.state.string());

  collector.Start();
  std::optional<Notifier> notifier;
  if (!options.notify.empty()) {
    notifier.emplace(Notifier::Surroundings{readers, clock, files}, folder->notified(),
                     options.notify);
  }
  std::optional<SlurmAllocator> slurm;
  if (options.slurm) {
    TUTTI_ASSIGN_OR_RETURN(SlurmOptions asked, AskOfSlurm(options, files, manifests));
    slurm.emplace(readers, clock, std::move(asked));
  }

  Reloader reloader({*folder, served.get(), pages.get(), AdvertisedAddress(options, *listener),
                     clock, certificate},
                    read_options);
  WaitForEnd(signals, [&reloader] { reloader.Reload(); });
  listener->TellDraining();
  slurm.reset();
  notifier.reset();
  if (pages) pages->Stop();
  collector.Stop();
  hub.Stop();
  listener->Shutdown();
  writer.Stop();
  return {};
}

Result<int> Run(const CoordinatorOptions& options, const OptionsReader& read_options) {
  PosixFileSystem files;
  const SystemClock clock;
  switch (options.command) {
    case CoordinatorCommand::kServe:
      TUTTI_RETURN_IF_ERROR(Serve(options, read_options));
      return 0;
    case CoordinatorCommand::kBackup:
      return BackupCommand(files, options.state, options.backup, std::cout);
    case CoordinatorCommand::kRestore:
      return RestoreCommand(files, clock, options.backup, options.state, std::cout);
    case CoordinatorCommand::kCheck:
      return CheckCommand(files, clock, options.state, std::cout);
  }
  return Internal("a command that is none");
}

}  // namespace
}  // namespace tutti

int main(int argc, char** argv) {
  const auto read = [argc, argv] { return tutti::ParseCoordinatorOptions(argc, argv); };
  const auto parsed = read();
  if (const int* exit_code = std::get_if<int>(&parsed)) return *exit_code;
  const auto& options = std::get<tutti::CoordinatorOptions>(parsed);
  const tutti::Status logs = tutti::InitLogging("tutti-coordinator", options.log);
  const tutti::Result<int> code = logs.ok() ? tutti::Run(options, read) : logs.error();
  if (code.ok()) return *code;
  std::cerr << "tutti-coordinator: " << code.error().message << '\n';
  return code.error().code == tutti::ErrorCode::kInvalidArgument ? 2 : 1;
}
