#include "coordinator/upkeep/notifier.h"

#include <csignal>
#include <utility>

#include <spdlog/spdlog.h>

#include "common/process.h"

namespace tutti {
namespace {

constexpr std::chrono::milliseconds kLookInterval{1'000};
constexpr std::chrono::milliseconds kEndLookInterval{50};

}  // namespace

Notifier::Notifier(ReaderPool& readers, const Clock& clock, std::string command)
    : readers_(readers), clock_(clock), command_(std::move(command)), thread_([this] { Run(); }) {}

Notifier::~Notifier() {
  Stop();
}

void Notifier::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stop_.notify_all();
  if (thread_.joinable()) thread_.join();
}

bool Notifier::Wait(std::chrono::milliseconds duration) {
  std::unique_lock lock(mutex_);
  return !stop_.wait_for(lock, duration, [this] { return stopping_; });
}

void Notifier::Run() {
  do {
    Look();
  } while (Wait(kLookInterval));
}

void Notifier::Look() {
  const auto notices = [&]() -> Result<std::vector<SweepNotice>> {
    TUTTI_ASSIGN_OR_RETURN(const auto reader, readers_.Borrow());
    return watch_.Look(*reader);
  }();
  if (!notices.ok()) return spdlog::warn("--notify: {}", notices.error().message);
  for (const SweepNotice& notice : *notices) Tell(notice);
}

void Notifier::Tell(const SweepNotice& notice) {
  SpawnOptions options;
  options.argv = {"/bin/sh", "-c", command_};
  options.output = Stream::kNull;  // the coordinator's own has its ready line
  options.environment = {{"TUTTI_EVENT", notice.event},
                         {"TUTTI_SWEEP", notice.sweep},
                         {"TUTTI_SUCCEEDED", std::to_string(notice.succeeded)},
                         {"TUTTI_FAILED", std::to_string(notice.failed)},
                         {"TUTTI_CANCELLED", std::to_string(notice.cancelled)},
                         {"TUTTI_MESSAGE", notice.message}};
  const auto child = Spawn(options);
  if (!child.ok()) return spdlog::warn("--notify: {}", child.error().message);
  const SteadyTime limit = clock_.SteadyNow() + kNotifyLimit;
  auto status = (*child)->TryWait();
  while (!status && clock_.SteadyNow() < limit && Wait(kEndLookInterval)) {
    status = (*child)->TryWait();
  }
  if (!status) {
    (*child)->SignalGroup(SIGKILL);
    return spdlog::warn("--notify: the command for {} of {} was ended: it may take {} s",
                        notice.event, notice.sweep, kNotifyLimit.count());
  }
  if (!status->success()) {
    spdlog::warn("--notify: the command for {} of {} ended with {}", notice.event, notice.sweep,
                 Describe(*status));
  }
}

}  // namespace tutti
