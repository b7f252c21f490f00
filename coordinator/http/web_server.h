// The coordinator's web server: pages, /api/v1, /metrics, /healthz.
#pragma once

#include <atomic>
#include <chrono>
#include <filesystem>
#include <functional>
#include <httplib.h>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "common/clock.h"
#include "common/random.h"
#include "common/result.h"
#include "coordinator/http/api.h"
#include "coordinator/http/cookie_seal.h"
#include "coordinator/http/door.h"
#include "coordinator/http/gateway.h"
#include "coordinator/http/limits.h"
#include "coordinator/http/metrics.h"
#include "coordinator/http/page_certificate.h"

namespace tutti {

struct WebServerOptions {
  std::string listen = "127.0.0.1:7771";
  int remembered_port = 0;   // tried first where `listen` has port 0; 0: none
  bool or_any_port = false;  // where the port of `listen` is taken
  std::string advertise;     // a further host name by which it may be called; empty: none
  // Shown to browsers where `listen` is not a loopback address; there it is plain HTTP.
  std::string certificate_pem;
  std::string key_pem;
  std::string cookie_key;  // CookieSeal::kKeyBytes
  std::string version;
  // For a client's next bytes, and for it to take ours.
  std::chrono::milliseconds read_timeout = kHttpReadTimeout;
  std::chrono::milliseconds write_timeout = kHttpWriteTimeout;
};

// Threads of its own, kHttpThreads of them, and one that takes connections.
class WebServer {
 public:
  struct Surroundings {  // all outlive it
    const AccessControl& access;
    const Clock& clock;
    RandomSource& random;
    const Metrics& metrics;
    std::function<Status()> healthy;  // for /healthz; any thread
  };

  // channel: to the coordinator's own services. kInvalidArgument: `listen` is not HOST:PORT, or the
  // certificate is none. kUnavailable: the port is in use.
  static Result<std::unique_ptr<WebServer>> Start(const Surroundings& surroundings,
                                                  const std::shared_ptr<grpc::Channel>& channel,
                                                  const WebServerOptions& options);
  ~WebServer();
  WebServer(const WebServer&) = delete;
  WebServer& operator=(const WebServer&) = delete;

  const std::string& address() const { return address_; }  // "http://127.0.0.1:7771"
  int port() const { return port_; }
  // New connections are shown this one; nothing changes where pages are not served by TLS.
  // kInvalidArgument: no certificate with its key.
  Status UseCertificate(const std::string& certificate_pem, const std::string& key_pem);
  // Answers what has arrived and ends the threads.
  void Stop();

 private:
  WebServer(const Surroundings& surroundings, const std::shared_ptr<grpc::Channel>& channel,
            const WebServerOptions& options, const std::string& host);

  Status Bind(const WebServerOptions& options, const std::string& host, int port);
  void Configure(const WebServerOptions& options);
  void InstallWatching();
  httplib::Server::HandlerResponse Screen(const httplib::Request& request,
                                          httplib::Response& response) const;

  const Surroundings around_;
  const bool is_secure_;
  const CookieSeal seal_;
  const Door door_;
  Gateway gateway_;
  Api api_;
  const std::unique_ptr<PageCertificate> certificate_;  // null: no TLS
  std::unique_ptr<httplib::Server> server_;
  std::atomic<bool> ended_ = false;  // the thread listens no more
  std::thread thread_;
  std::string address_;
  int port_ = 0;
};

}  // namespace tutti
