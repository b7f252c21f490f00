#include "worker/daemon/health.h"

#include <fstream>
#include <string>
#include <system_error>
#include <utility>

#include <sys/stat.h>

#include "common/duration.h"

namespace tutti {
namespace {

constexpr char kConnected[] = "connected";
constexpr char kConnecting[] = "connecting";

}  // namespace

HealthBeat::HealthBeat(EventLoop& loop, const Clock& clock, std::filesystem::path file)
    : loop_(loop), clock_(clock), file_(std::move(file)) {}

HealthBeat::~HealthBeat() {
  loop_.Cancel(timer_);
  std::error_code ignored;
  std::filesystem::remove(file_, ignored);
}

void HealthBeat::Start(std::function<bool()> is_connected) {
  is_connected_ = std::move(is_connected);
  BeatAndPlan();
}

// Renamed, so that nobody reads half of it; not synced, since it says nothing after a start. Where
// it cannot be written it grows old, which says so.
void HealthBeat::Beat(bool is_connected) {
  const std::filesystem::path next = file_.string() + ".next";
  std::ofstream(next) << (is_connected ? kConnected : kConnecting) << '\n';
  std::error_code ignored;
  std::filesystem::rename(next, file_, ignored);
}

void HealthBeat::BeatAndPlan() {
  Beat(is_connected_());
  timer_ = loop_.RunAt(clock_.SteadyNow() + kHealthBeat, [this] { BeatAndPlan(); });
}

Status CheckHealth(const std::filesystem::path& file, HealthWanted wanted, UnixMillis now) {
  struct stat info{};
  if (::stat(file.c_str(), &info) != 0) {
    return Unavailable("no tutti-worker runs in " + file.parent_path().string() +
                       ": start one with --dir " + file.parent_path().string());
  }
  const std::chrono::milliseconds age{ToInt(now) - std::int64_t{info.st_mtim.tv_sec} * 1'000 -
                                      info.st_mtim.tv_nsec / 1'000'000};
  if (age > kHealthLimit) {
    return Unavailable("the tutti-worker in " + file.parent_path().string() +
                       " hangs or was killed: its last sign of life is " + FormatElapsed(age) +
                       " old, expected at most " + FormatElapsed(kHealthLimit) +
                       "; end it and start it again");
  }
  std::string state;
  std::getline(std::ifstream(file), state);
  if (wanted == HealthWanted::kAlive || state == kConnected) return {};
  return Unavailable("the tutti-worker in " + file.parent_path().string() +
                     " lives and has no session with its coordinator; its log says why");
}

}  // namespace tutti
