#include "coordinator/http/web_server.h"

#include <charconv>
#include <exception>
#include <set>
#include <utility>

#include <spdlog/spdlog.h>

#include "common/rpc/channel.h"
#include "common/rpc/host_port.h"
#include "coordinator/http/http_reply.h"
#include "coordinator/http/limits.h"
#include "coordinator/http/static_files.h"
#include "coordinator/http/waiting_line.h"

namespace tutti {
namespace {

// Scripts, styles and pictures of our own, and nothing from elsewhere; blob: is what a person
// recorded or chose, and hears in his own browser.
constexpr char kContentPolicy[] =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "media-src 'self' blob:; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'";
constexpr char kListenPath[] = "/api/v1/listen";

// certificate: null: without TLS.
std::unique_ptr<httplib::Server> MakeServer(PageCertificate* certificate) {
  if (certificate == nullptr) return std::make_unique<httplib::Server>();
  return std::make_unique<httplib::SSLServer>(
      [certificate](SSL_CTX& context) { return certificate->Install(context); });
}

std::set<std::string> HostNames(const std::string& host, const std::string& advertise) {
  std::set<std::string> names{"localhost", "127.0.0.1", "::1", kCertificateName, host};
  if (!advertise.empty()) names.insert(advertise);
  return names;
}

// -1: it is not told.
std::int64_t BodyBytes(const httplib::Request& request) {
  const std::string text = request.get_header_value("Content-Length");
  std::int64_t bytes = -1;
  std::from_chars(text.data(), text.data() + text.size(), bytes);
  return bytes;
}

}  // namespace

WebServer::WebServer(const Surroundings& surroundings,
                     const std::shared_ptr<grpc::Channel>& channel, const WebServerOptions& options,
                     const std::string& host)
    : around_(surroundings),
      is_secure_(!IsLoopback(host)),
      seal_(options.cookie_key, surroundings.random),
      door_(surroundings.access, seal_, surroundings.clock,
            {HostNames(host, options.advertise), "tutti", is_secure_}),
      gateway_(channel),
      api_(door_, gateway_, surroundings.clock, surroundings.random, options.version),
      certificate_(is_secure_ ? std::make_unique<PageCertificate>() : nullptr),
      server_(MakeServer(certificate_.get())) {}

Result<std::unique_ptr<WebServer>> WebServer::Start(const Surroundings& surroundings,
                                                    const std::shared_ptr<grpc::Channel>& channel,
                                                    const WebServerOptions& options) {
  TUTTI_ASSIGN_OR_RETURN(const HostPort wanted, ParseHostPort("--http", options.listen));
  std::unique_ptr<WebServer> web(new WebServer(surroundings, channel, options, wanted.host));
  if (!web->server_->is_valid()) return Internal("--http: OpenSSL cannot serve TLS here");
  TUTTI_RETURN_IF_ERROR(web->UseCertificate(options.certificate_pem, options.key_pem));
  web->Configure(options);
  TUTTI_RETURN_IF_ERROR(web->Bind(options, wanted.host, wanted.port));
  web->address_ =
      std::string(web->is_secure_ ? "https://" : "http://") + JoinHostPort(wanted.host, web->port_);
  web->thread_ = std::thread([raw = web.get()] {
    raw->server_->listen_after_bind();
    raw->ended_ = true;
  });
  // The library overlooks a stop that comes before it runs.
  while (!web->server_->is_running() && !web->ended_) std::this_thread::yield();
  return web;
}

Status WebServer::UseCertificate(const std::string& certificate_pem, const std::string& key_pem) {
  return certificate_ ? certificate_->Use(certificate_pem, key_pem) : Status();
}

Status WebServer::Bind(const WebServerOptions& options, const std::string& host, int port) {
  const auto try_port = [&](int one) {
    if (one > 0 && server_->bind_to_port(host, one)) port_ = one;
    return port_ > 0;
  };
  const auto any_port = [&] {
    const int chosen = server_->bind_to_any_port(host);
    if (chosen > 0) port_ = chosen;
    return chosen > 0;
  };
  if (port > 0 && try_port(port)) return {};
  if (port == 0 || options.or_any_port) {
    if (try_port(options.remembered_port) || any_port()) return {};
  }
  return Unavailable("--http " + options.listen +
                     ": cannot listen there; is the port in use, or the host not this machine's? "
                     "Port 0 takes any free one, --http none serves no pages");
}

// Before anything else is looked at.
httplib::Server::HandlerResponse WebServer::Screen(const httplib::Request& request,
                                                   httplib::Response& response) const {
  using Screened = httplib::Server::HandlerResponse;
  if (const Status host = door_.CheckHost(request); !host.ok()) {
    ReplyError(host.error(), response);
    return Screened::Handled;
  }
  if (request.method != "POST") return Screened::Unhandled;
  const std::int64_t bytes = BodyBytes(request);
  // What is a little too large to be heard is read and told so there; the rest is cut off here.
  const std::size_t most = request.path == kListenPath ? kMostDrainedBytes : kMaxJsonBodyBytes;
  if (bytes >= 0 && bytes <= static_cast<std::int64_t>(most)) return Screened::Unhandled;
  ReplyError(InvalidArgument(bytes < 0 ? "a request with a body says its Content-Length"
                                       : "a body of " + std::to_string(bytes) + " bytes; at most " +
                                             std::to_string(most) + " are taken here"),
             response);
  response.status = bytes < 0 ? 411 : 413;
  response.set_header("Connection", "close");  // the body is left unread
  return Screened::Handled;
}

void WebServer::Configure(const WebServerOptions& options) {
  server_->new_task_queue = [] { return new WaitingLine(kHttpThreads, kMaxWaitingConnections); };
  server_->set_payload_max_length(kMostDrainedBytes);  // Screen and Listening have smaller ones
  // A thread serves one connection: kept open between polls, eight pages would hold them all.
  server_->set_keep_alive_max_count(1);
  server_->set_read_timeout(options.read_timeout);
  server_->set_write_timeout(options.write_timeout);
  server_->set_tcp_nodelay(true);
  server_->set_default_headers({{"Content-Security-Policy", kContentPolicy},
                                {"X-Content-Type-Options", "nosniff"},
                                {"X-Frame-Options", "DENY"},
                                {"Referrer-Policy", "no-referrer"},
                                {"Cross-Origin-Opener-Policy", "same-origin"},
                                {"Cross-Origin-Resource-Policy", "same-origin"}});
  server_->set_pre_routing_handler(
      [this](const auto& request, auto& response) { return Screen(request, response); });
  server_->set_post_routing_handler([](const httplib::Request&, httplib::Response& response) {
    if (!response.has_header("Cache-Control")) response.set_header("Cache-Control", "no-store");
  });
  server_->set_error_handler([](const httplib::Request& request, httplib::Response& response) {
    if (!response.body.empty()) return;
    const int status = response.status;
    if (status == 304) return;
    ReplyError(NotFound("nothing is at " + request.path), response);
    response.status = status;
  });
  server_->set_exception_handler(
      [](const httplib::Request& request, httplib::Response& response, std::exception_ptr thrown) {
        try {
          std::rethrow_exception(std::move(thrown));
        } catch (const std::exception& error) {
          spdlog::error("{} {}: {}", request.method, request.path, error.what());
        }
        ReplyError(Internal("the coordinator's log says what went wrong"), response);
      });
  api_.Install(*server_);
  InstallWatching();
  InstallStaticFiles(*server_);
}

void WebServer::InstallWatching() {
  server_->Get("/healthz", [this](const httplib::Request&, httplib::Response& response) {
    const Status health = around_.healthy();
    if (!health.ok()) return ReplyError(Unavailable(health.error().message), response);
    ReplyJson({{"healthy", true}}, response);
  });
  server_->Get("/metrics", [this](const httplib::Request& request, httplib::Response& response) {
    const auto visitor = door_.Admit(request, Rpc::kListSweeps);
    if (!visitor.ok()) return ReplyError(visitor.error(), response);
    const auto text = around_.metrics.Text(gateway_, visitor->token);
    if (!text.ok()) return ReplyError(text.error(), response);
    response.set_content(*text, "text/plain; version=0.0.4; charset=utf-8");
  });
}

WebServer::~WebServer() {
  Stop();
}

void WebServer::Stop() {
  if (!thread_.joinable()) return;
  server_->stop();
  thread_.join();
}

}  // namespace tutti
