// A TCP proxy on one machine that breaks connections as networks do: reset, silently swallowed in
// one direction or in both, slowed down.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <thread>

#include "common/clock.h"
#include "common/result.h"
#include "common/unique_fd.h"

namespace tutti {

// Thread-safe; its own thread forwards until it goes.
class CuttingProxy {
 public:
  // Up: from who connects to the target.
  enum class Swallow { kNothing, kUp, kDown, kBoth };

  // Listens on `host` at any free port (an IPv4 address); each connection goes on to the target.
  // While nobody listens there, connections are reset.
  static Result<std::unique_ptr<CuttingProxy>> Start(const std::string& host,
                                                     const std::string& target_host,
                                                     int target_port);
  ~CuttingProxy();
  CuttingProxy(const CuttingProxy&) = delete;
  CuttingProxy& operator=(const CuttingProxy&) = delete;

  const std::string& address() const { return address_; }

  // From now on, also for connections yet to come. What was swallowed does not come back: in the
  // direction that lost something a connection stays mute for good, and neither side learns it.
  void Set(Swallow swallow);
  // Bytes a second in each direction of each connection; 0: as fast as it goes.
  void Throttle(std::int64_t bytes_per_second);
  // Every connection, on both sides.
  void Reset();
  // So far, to the target and from it.
  std::int64_t bytes_up() const { return bytes_up_; }
  std::int64_t bytes_down() const { return bytes_down_; }

 private:
  // One direction of a connection.
  struct Way {
    int from = -1;
    int to = -1;
    std::string waiting;
    bool mute = false;   // something of it was swallowed
    bool ended = false;  // `from` says nothing more
    bool told = false;   // and `to` knows
    double allowed = 0;  // bytes that may go, as it was then
    SteadyTime allowed_at{};
  };
  struct Connection {
    UniqueFd client;
    UniqueFd target;
    Way up;
    Way down;
    bool broken = false;
  };

  CuttingProxy() = default;
  void Run();
  void Accept();
  void Serve(Connection& connection, short client_events, short target_events);
  void Read(Connection& connection, Way& way, bool is_up);
  void Write(Connection& connection, Way& way, bool is_up);
  std::size_t Allowance(Way& way) const;
  bool Swallows(bool is_up) const;
  static void BreakOff(Connection& connection);

  std::string address_;
  std::string target_host_;
  int target_port_ = 0;
  UniqueFd listener_;
  UniqueFd wake_;
  SystemClock clock_;
  std::list<Connection> connections_;  // of the thread

  std::atomic<Swallow> swallow_ = Swallow::kNothing;
  std::atomic<std::int64_t> bytes_per_second_ = 0;
  std::atomic<std::int64_t> bytes_up_ = 0;
  std::atomic<std::int64_t> bytes_down_ = 0;
  std::atomic<bool> reset_ = false;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

}  // namespace tutti
