// Whether the daemon in a folder lives, for others on its machine: a container's probes, an
// operator. It writes DIR/health while its loop turns, and takes it away when it ends.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>

#include "common/clock.h"
#include "common/result.h"
#include "worker/daemon/event_loop.h"

namespace tutti {

inline constexpr std::chrono::seconds kHealthBeat{10};
// What is older is of a daemon that hangs or was killed: six beats, and longer than any pause
// before the first connect.
inline constexpr std::chrono::seconds kHealthLimit{60};

// In the worker's folder.
inline constexpr char kHealthFile[] = "health";

// Owned by the loop's thread.
class HealthBeat {
 public:
  // All outlive it.
  HealthBeat(EventLoop& loop, const Clock& clock, std::filesystem::path file);
  // The file goes.
  ~HealthBeat();
  HealthBeat(const HealthBeat&) = delete;
  HealthBeat& operator=(const HealthBeat&) = delete;

  // At once, and from now on every kHealthBeat.
  void Start(std::function<bool()> is_connected);
  // Once: before the loop turns.
  void Beat(bool is_connected);

 private:
  void BeatAndPlan();

  EventLoop& loop_;
  const Clock& clock_;
  const std::filesystem::path file_;
  std::function<bool()> is_connected_;
  EventLoop::TimerId timer_ = 0;
};

enum class HealthWanted { kAlive, kConnected };

// kUnavailable, with what to do: no daemon, one that hangs, or (kConnected) one without a session.
Status CheckHealth(const std::filesystem::path& file, HealthWanted wanted, UnixMillis now);

}  // namespace tutti
