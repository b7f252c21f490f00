// Where the gRPC server can be reached: TLS on TCP, or a unix socket for one user.
#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <grpcpp/grpcpp.h>

#include "common/result.h"
#include "common/unique_fd.h"
#include "coordinator/served_certificate.h"

namespace tutti {

// A running server; its services must outlive it.
class Listener {
 public:
  // host:port with port 0 for any free one; `remembered_port` is tried first then (0: none).
  // kInvalidArgument: not host:port. kUnavailable: the port is in use, saying how to choose
  // another.
  static Result<std::unique_ptr<Listener>> OnTcp(const std::string& host_and_port,
                                                 int remembered_port,
                                                 const ServedCertificate& certificate,
                                                 const std::vector<grpc::Service*>& services);
  // The socket is made with mode 0600; connections of other users than this process's are closed at
  // once, whatever the folder's permissions are.
  static Result<std::unique_ptr<Listener>> OnUnixSocket(
      const std::filesystem::path& path, const std::vector<grpc::Service*>& services);

  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  // "127.0.0.1:40123" or "unix:/path".
  const std::string& address() const { return address_; }
  int port() const { return port_; }  // 0: a unix socket
  // Calls of this process itself: no socket and no TLS, but tokens and roles as from anywhere.
  std::shared_ptr<grpc::Channel> InProcessChannel();
  // What gRPC's own health service answers, to anybody: SERVING until then, NOT_SERVING from now
  // on.
  void TellDraining();
  // Ends open calls; waits for their handlers for two seconds at most.
  void Shutdown();

 private:
  Listener() = default;
  void AcceptLoop();

  std::string address_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
  UniqueFd socket_;
  std::filesystem::path socket_path_;
  std::atomic<bool> stopping_ = false;
  std::thread accept_thread_;
};

}  // namespace tutti
