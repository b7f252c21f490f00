// tutti-coordinator: builds the object graph, says that it is ready, serves until it is told to
// end.
#include <csignal>
#include <iostream>

#include <spdlog/spdlog.h>

#include "common/clock.h"
#include "common/file_system.h"
#include "common/json.h"
#include "common/logging.h"
#include "common/random.h"
#include "common/version.h"
#include "coordinator/blobs/blob_store.h"
#include "coordinator/listener.h"
#include "coordinator/options.h"
#include "coordinator/rpc/access.h"
#include "coordinator/rpc/blob_service.h"
#include "coordinator/rpc/lease_builder.h"
#include "coordinator/rpc/manifest_cache.h"
#include "coordinator/rpc/session_hub.h"
#include "coordinator/rpc/sweep_service.h"
#include "coordinator/rpc/worker_service.h"
#include "coordinator/state_folder.h"
#include "coordinator/store/reader_pool.h"
#include "coordinator/store/sqlite_store.h"
#include "coordinator/writer/writer.h"

namespace tutti {
namespace {

// Blocks the signals that end the process, so that only WaitForEnd sees them; before any thread is
// made.
sigset_t BlockEndSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return signals;
}

void WaitForEnd(const sigset_t& signals) {
  int signal = 0;
  sigwait(&signals, &signal);
  spdlog::info("signal {}: draining", signal);
}

std::string AdvertisedAddress(const CoordinatorOptions& options, const Listener& listener) {
  if (listener.port() == 0 || options.advertise.empty()) return listener.address();
  return options.advertise + ":" + std::to_string(listener.port());
}

Result<std::unique_ptr<Listener>> Listen(const CoordinatorOptions& options, StateFolder& folder,
                                         const CertificatePair& certificate,
                                         const std::vector<grpc::Service*>& services) {
  if (!options.socket.empty()) return Listener::OnUnixSocket(options.socket, services);
  TUTTI_ASSIGN_OR_RETURN(auto listener, Listener::OnTcp(options.listen, folder.RememberedPort(),
                                                        certificate, services));
  TUTTI_RETURN_IF_ERROR(folder.RememberPort(listener->port()));
  return listener;
}

// Every token that a profile will hold is durable and known before anyone can connect.
Status PrepareTokens(StateFolder& folder, Store& store, AccessControl& access, RandomSource& random,
                     const Clock& clock) {
  TUTTI_ASSIGN_OR_RETURN(const auto reader, store.OpenReader());
  TUTTI_ASSIGN_OR_RETURN(const auto known, reader->Tokens());
  Changes changes;
  for (const TokenRecord& token : folder.ChooseTokens(known, random, clock.WallNow())) {
    changes.push_back(PutToken{token});
  }
  if (!changes.empty()) TUTTI_RETURN_IF_ERROR(store.Commit(changes));
  return access.Load(*reader);
}

Status Serve(const CoordinatorOptions& options) {
  const sigset_t signals = BlockEndSignals();
  const SystemClock clock;
  SystemRandom random;
  PosixFileSystem files;
  TUTTI_ASSIGN_OR_RETURN(const auto folder, StateFolder::Open(files, options.state));
  TUTTI_ASSIGN_OR_RETURN(const auto certificate, folder->Certificate(clock.WallNow()));
  TUTTI_ASSIGN_OR_RETURN(const auto store, SqliteStore::Open(folder->database()));
  TUTTI_ASSIGN_OR_RETURN(const auto blobs, BlobStore::Open(files, folder->blobs()));
  ReaderPool readers(*store, {});
  ManifestCache manifests(*blobs);
  LeaseBuilder leases(manifests);
  AccessControl access;

  WriterOptions writer_options;
  writer_options.core.lease = options.lease;
  Writer writer(*store, clock, writer_options);
  SessionHub hub(writer, leases, readers);
  WorkerServiceImpl worker_service(writer, hub, access, clock, random,
                                   {options.heartbeat, options.lease, kVersion});
  BlobServiceImpl blob_service(*blobs, access);
  SweepServiceImpl sweep_service(writer, hub, readers, manifests, leases, access, clock, kVersion);

  TUTTI_RETURN_IF_ERROR(PrepareTokens(*folder, *store, access, random, clock));
  TUTTI_RETURN_IF_ERROR(writer.Start(hub));
  hub.Start();
  TUTTI_ASSIGN_OR_RETURN(
      const auto listener,
      Listen(options, *folder, certificate, {&worker_service, &blob_service, &sweep_service}));
  const std::string pinned = listener->port() == 0 ? "" : certificate.certificate_pem;
  TUTTI_RETURN_IF_ERROR(folder->WriteProfiles(AdvertisedAddress(options, *listener), pinned));
  const Json ready = {{"ready", "tutti-coordinator"},
                      {"listen", listener->address()},
                      {"profile", folder->admin_profile().string()}};
  std::cout << DumpJson(ready) << std::endl;
  spdlog::info("ready on {}, state in {}", listener->address(), options.state.string());

  WaitForEnd(signals);
  hub.Stop();
  listener->Shutdown();
  writer.Stop();
  return {};
}

}  // namespace
}  // namespace tutti

int main(int argc, char** argv) {
  const auto parsed = tutti::ParseCoordinatorOptions(argc, argv);
  if (const int* exit_code = std::get_if<int>(&parsed)) return *exit_code;
  const auto& options = std::get<tutti::CoordinatorOptions>(parsed);
  tutti::Status status = tutti::InitLogging("tutti-coordinator", options.log_level);
  if (status.ok()) status = tutti::Serve(options);
  if (status.ok()) return 0;
  std::cerr << "tutti-coordinator: " << status.error().message << '\n';
  return status.error().code == tutti::ErrorCode::kInvalidArgument ? 2 : 1;
}
