#include "tests/support/cutting_proxy.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <poll.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

namespace tutti {
namespace {

constexpr std::size_t kPieceBytes = 64 << 10;
constexpr int kTickMs = 20;  // so often a throttled way is looked at
constexpr int kBacklog = 64;

Result<sockaddr_in> Address(const std::string& host, int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  if (::inet_pton(AF_INET, host.c_str(), &address.sin_addr) == 1) return address;
  return InvalidArgument("proxy: expected an IPv4 address, got " + host);
}

// Closing resets the connection instead of ending it.
void ResetOnClose(const UniqueFd& socket) {
  const linger at_once{1, 0};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
}

}  // namespace

Result<std::unique_ptr<CuttingProxy>> CuttingProxy::Start(const std::string& host,
                                                          const std::string& target_host,
                                                          int target_port) {
  TUTTI_ASSIGN_OR_RETURN(sockaddr_in address, Address(host, 0));
  TUTTI_RETURN_IF_ERROR(Status(Address(target_host, target_port).ok()
                                   ? Status()
                                   : Status(InvalidArgument("proxy: no target " + target_host))));
  std::unique_ptr<CuttingProxy> proxy(new CuttingProxy());
  proxy->target_host_ = target_host;
  proxy->target_port_ = target_port;
  proxy->listener_ = UniqueFd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  proxy->wake_ = UniqueFd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  socklen_t size = sizeof(address);
  auto* raw = reinterpret_cast<sockaddr*>(&address);
  if (::bind(proxy->listener_.get(), raw, size) != 0 ||
      ::listen(proxy->listener_.get(), kBacklog) != 0 ||
      ::getsockname(proxy->listener_.get(), raw, &size) != 0) {
    return ErrnoError(errno, "proxy: listen on " + host);
  }
  proxy->address_ = host + ":" + std::to_string(ntohs(address.sin_port));
  proxy->thread_ = std::thread([raw_proxy = proxy.get()] { raw_proxy->Run(); });
  return proxy;
}

CuttingProxy::~CuttingProxy() {
  stopping_ = true;
  const std::uint64_t one = 1;
  (void)!::write(wake_.get(), &one, sizeof(one));
  thread_.join();
}

void CuttingProxy::Set(Swallow swallow) {
  swallow_ = swallow;
}

void CuttingProxy::Throttle(std::int64_t bytes_per_second) {
  bytes_per_second_ = bytes_per_second;
}

void CuttingProxy::Reset() {
  reset_ = true;
  const std::uint64_t one = 1;
  (void)!::write(wake_.get(), &one, sizeof(one));
}

bool CuttingProxy::Swallows(bool is_up) const {
  const Swallow now = swallow_;
  return now == Swallow::kBoth || now == (is_up ? Swallow::kUp : Swallow::kDown);
}

void CuttingProxy::Run() {
  while (!stopping_) {
    std::vector<pollfd> ready{{listener_.get(), POLLIN, 0}, {wake_.get(), POLLIN, 0}};
    for (const Connection& connection : connections_) {
      const auto wanted = [this](const Way& in, const Way& out) {
        const bool reads = !in.ended && in.waiting.size() < kPieceBytes;
        // A throttled way is served by the tick; its socket would be ready all the time.
        const bool writes = !out.waiting.empty() && bytes_per_second_ == 0;
        return static_cast<short>((reads ? POLLIN : 0) | (writes ? POLLOUT : 0));
      };
      ready.push_back({connection.client.get(), wanted(connection.up, connection.down), 0});
      ready.push_back({connection.target.get(), wanted(connection.down, connection.up), 0});
    }
    ::poll(ready.data(), ready.size(), kTickMs);
    std::uint64_t ignored = 0;
    (void)!::read(wake_.get(), &ignored, sizeof(ignored));
    std::size_t at = 2;
    for (Connection& connection : connections_) {
      Serve(connection, ready[at].revents, ready[at + 1].revents);
      at += 2;
    }
    if (reset_.exchange(false)) std::ranges::for_each(connections_, BreakOff);
    std::erase_if(connections_, [](const Connection& connection) {
      return connection.broken || (connection.up.told && connection.down.told);
    });
    if (ready[0].revents != 0) Accept();
  }
}

void CuttingProxy::Accept() {
  Connection connection;
  connection.client =
      UniqueFd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!connection.client.valid()) return;
  connection.target = UniqueFd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const auto address = Address(target_host_, target_port_);
  // On one machine: it is there at once, or nobody listens.
  if (::connect(connection.target.get(), reinterpret_cast<const sockaddr*>(&*address),
                sizeof(*address)) != 0) {
    return ResetOnClose(connection.client);
  }
  for (const UniqueFd* socket : {&connection.client, &connection.target}) {
    const int now = 1;
    ::setsockopt(socket->get(), IPPROTO_TCP, TCP_NODELAY, &now, sizeof(now));
  }
  connection.up = {connection.client.get(), connection.target.get(), {}};
  connection.down = {connection.target.get(), connection.client.get(), {}};
  connections_.push_back(std::move(connection));
}

void CuttingProxy::Serve(Connection& connection, short client_events, short target_events) {
  constexpr short kReadable = POLLIN | POLLHUP | POLLERR;
  if ((client_events & kReadable) != 0) Read(connection, connection.up, true);
  if ((target_events & kReadable) != 0) Read(connection, connection.down, false);
  Write(connection, connection.up, true);
  Write(connection, connection.down, false);
}

void CuttingProxy::Read(Connection& connection, Way& way, bool is_up) {
  if (way.ended || way.waiting.size() >= kPieceBytes) return;
  std::array<char, kPieceBytes> piece;
  const ssize_t n = ::recv(way.from, piece.data(), piece.size(), MSG_DONTWAIT);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  const bool mute = way.mute || Swallows(is_up);
  if (n > 0) {
    way.mute = mute;
    if (!mute) way.waiting.append(piece.data(), static_cast<std::size_t>(n));
    return;
  }
  way.ended = true;
  way.told = mute;  // the other side is not to learn it
  if (n < 0 && !mute) BreakOff(connection);
}

// How much of what waits may go now.
std::size_t CuttingProxy::Allowance(Way& way) const {
  const auto rate = static_cast<double>(bytes_per_second_.load());
  if (rate <= 0) return way.waiting.size();
  const SteadyTime now = clock_.SteadyNow();
  const double seconds = std::chrono::duration<double>(now - way.allowed_at).count();
  way.allowed_at = now;
  way.allowed = std::clamp(way.allowed + seconds * rate, 0.0, rate / 10);
  return std::min(way.waiting.size(), static_cast<std::size_t>(way.allowed));
}

void CuttingProxy::Write(Connection& connection, Way& way, bool is_up) {
  if (connection.broken) return;
  if (!way.waiting.empty()) {
    const std::size_t size = Allowance(way);
    if (size == 0) return;  // later
    const ssize_t n = ::send(way.to, way.waiting.data(), size, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN && errno != EINTR) return BreakOff(connection);
    if (n > 0) {
      way.waiting.erase(0, static_cast<std::size_t>(n));
      (is_up ? bytes_up_ : bytes_down_) += n;
      way.allowed -= static_cast<double>(n);
    }
  }
  if (way.ended && !way.told && way.waiting.empty()) {
    ::shutdown(way.to, SHUT_WR);
    way.told = true;
  }
}

void CuttingProxy::BreakOff(Connection& connection) {
  ResetOnClose(connection.client);
  ResetOnClose(connection.target);
  connection.broken = true;
}

}  // namespace tutti
