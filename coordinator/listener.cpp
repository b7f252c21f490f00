#include "coordinator/listener.h"

#include <cerrno>
#include <chrono>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>
#include <utility>

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/server_posix.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "common/rpc/channel.h"
#include "common/rpc/host_port.h"
#include "coordinator/rpc/limits.h"

namespace tutti {
namespace {

constexpr int kBacklog = 64;
constexpr int kAcceptPollMs = 200;
constexpr int kMinPingIntervalMs = 5'000;
// Who has connected and has not made TLS and HTTP/2 ready by then is cut off.
constexpr int kHandshakeMs = 20'000;
constexpr std::chrono::seconds kShutdownGrace{2};

void Configure(grpc::ServerBuilder& builder, const std::vector<grpc::Service*>& services) {
  // Both are the process's, and need no token: they tell whether it serves, and the contract, which
  // is no secret.
  grpc::EnableDefaultHealthCheckService(true);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  builder.SetMaxReceiveMessageSize(kMaxMessageBytes);
  builder.SetMaxSendMessageSize(kMaxMessageBytes);
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kMaxStreamsPerConnection);
  builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, kHandshakeMs);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                             kMinPingIntervalMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS,
                             static_cast<int>(kKeepaliveInterval.count()));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS,
                             static_cast<int>(kKeepaliveTimeout.count()));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  for (grpc::Service* service : services) builder.RegisterService(service);
}

// The server, or nothing where the port cannot be had; the port chosen goes to `port`.
std::unique_ptr<grpc::Server> TryListen(const std::string& address,
                                        const ServedCertificate& certificate,
                                        const std::vector<grpc::Service*>& services, int& port) {
  grpc::ServerBuilder builder;
  builder.AddListeningPort(address, certificate.Credentials(), &port);
  Configure(builder, services);
  std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  return port > 0 ? std::move(server) : nullptr;
}

Result<UniqueFd> BindSocket(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.string().size() >= sizeof(address.sun_path)) {
    return InvalidArgument("--socket: a path of at most " +
                           std::to_string(sizeof(address.sun_path) - 1) + " bytes, got " +
                           path.string());
  }
  std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
  UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket.valid()) return ErrnoError(errno, "make a unix socket");
  ::unlink(path.c_str());
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
      ::chmod(path.c_str(), 0600) != 0 || ::listen(socket.get(), kBacklog) != 0) {
    return ErrnoError(errno, "listen on " + path.string());
  }
  return socket;
}

bool IsOwnUser(int connection) {
  ucred peer{};
  socklen_t size = sizeof(peer);
  return ::getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
         peer.uid == ::geteuid();
}

}  // namespace

Result<std::unique_ptr<Listener>> Listener::OnTcp(const std::string& host_and_port,
                                                  int remembered_port,
                                                  const ServedCertificate& certificate,
                                                  const std::vector<grpc::Service*>& services) {
  TUTTI_ASSIGN_OR_RETURN(const HostPort wanted, ParseHostPort("--listen", host_and_port));
  std::unique_ptr<Listener> listener(new Listener());
  const auto address = [&](int port) { return JoinHostPort(wanted.host, port); };
  if (wanted.port == 0 && remembered_port > 0) {
    listener->server_ = TryListen(address(remembered_port), certificate, services, listener->port_);
  }
  if (!listener->server_) {
    listener->server_ = TryListen(address(wanted.port), certificate, services, listener->port_);
  }
  if (!listener->server_) {
    return Unavailable("--listen " + host_and_port +
                       ": cannot listen there; is the port in use, or the host not this "
                       "machine's? Port 0 takes any free one");
  }
  listener->address_ = address(listener->port_);
  return listener;
}

Result<std::unique_ptr<Listener>> Listener::OnUnixSocket(
    const std::filesystem::path& path, const std::vector<grpc::Service*>& services) {
  std::unique_ptr<Listener> listener(new Listener());
  TUTTI_ASSIGN_OR_RETURN(listener->socket_, BindSocket(path));
  listener->socket_path_ = path;
  listener->address_ = "unix:" + path.string();
  grpc::ServerBuilder builder;
  Configure(builder, services);
  listener->server_ = builder.BuildAndStart();
  if (!listener->server_) return Internal("cannot start the gRPC server");
  listener->accept_thread_ = std::thread([raw = listener.get()] { raw->AcceptLoop(); });
  return listener;
}

// gRPC has no check of a unix peer's user, so connections are taken here and handed over once they
// passed.
void Listener::AcceptLoop() {
  while (!stopping_) {
    pollfd ready{socket_.get(), POLLIN, 0};
    if (::poll(&ready, 1, kAcceptPollMs) <= 0) continue;
    UniqueFd connection(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!connection.valid()) continue;
    if (!IsOwnUser(connection.get())) {
      spdlog::warn("a connection of another user was refused");
      continue;
    }
    grpc::AddInsecureChannelFromFd(server_.get(), connection.Release());
  }
}

std::shared_ptr<grpc::Channel> Listener::InProcessChannel() {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMaxMessageBytes);
  arguments.SetMaxSendMessageSize(kMaxMessageBytes);
  return server_->InProcessChannel(arguments);
}

Listener::~Listener() {
  Shutdown();
}

void Listener::TellDraining() {
  if (auto* health = server_->GetHealthCheckService()) health->SetServingStatus(false);
}

void Listener::Shutdown() {
  stopping_ = true;
  if (accept_thread_.joinable()) accept_thread_.join();
  if (server_) {
    const gpr_timespec grace = gpr_time_from_seconds(kShutdownGrace.count(), GPR_TIMESPAN);
    server_->Shutdown(gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), grace));
    server_.reset();
  }
  if (!socket_path_.empty()) ::unlink(socket_path_.c_str());
}

}  // namespace tutti
