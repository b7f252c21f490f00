#include "coordinator/upkeep/notifier.h"

#include <csignal>
#include <utility>

#include <spdlog/spdlog.h>

#include "common/process.h"

namespace tutti {
namespace {

constexpr std::chrono::milliseconds kLookInterval{1'000};
constexpr std::chrono::milliseconds kEndLookInterval{50};
constexpr std::int64_t kEventsReadAgain = 5'000;
constexpr unsigned kPrivateFile = 0600;

}  // namespace

Notifier::Notifier(const Surroundings& surroundings, std::filesystem::path notes,
                   std::string command)
    : around_(surroundings),
      notes_(std::move(notes)),
      command_(std::move(command)),
      thread_([this] { Run(); }) {}

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

std::optional<SweepsTold> Notifier::ReadNotes() {
  const auto read = [&]() -> Result<SweepsTold> {
    TUTTI_ASSIGN_OR_RETURN(const std::string text, around_.files.ReadFile(notes_));
    return SweepsToldFromText(text);
  };
  auto told = read();
  if (told.ok()) return *std::move(told);
  if (told.error().code != ErrorCode::kNotFound) {
    spdlog::warn("--notify: {}: {}; what ended before this start is not told", notes_.string(),
                 told.error().message);
  }
  return std::nullopt;
}

// What is read once more after a start costs little; a file that is written every second does not.
void Notifier::WriteNotes(Need need) {
  const SweepsTold& told = watch_.told();
  const bool may_wait = written_ && told.sweeps == written_->sweeps &&
                        told.last_event - written_->last_event < kEventsReadAgain;
  if (need == Need::kMayWait && may_wait) return;
  const Status written = around_.files.WriteFileAtomically(notes_, ToText(told), kPrivateFile);
  if (!written.ok()) return spdlog::warn("--notify: {}", written.error().message);
  written_ = told;
}

void Notifier::Run() {
  watch_ = SweepWatch(ReadNotes());
  do {
    Look();
  } while (Wait(kLookInterval));
}

void Notifier::Look() {
  const auto notices = [&]() -> Result<std::vector<SweepNotice>> {
    TUTTI_ASSIGN_OR_RETURN(const auto reader, around_.readers.Borrow());
    return watch_.Look(*reader);
  }();
  if (!notices.ok()) return spdlog::warn("--notify: {}", notices.error().message);
  for (const SweepNotice& notice : *notices) {
    if (!Tell(notice)) return;  // told after the next start
    watch_.OnTold(notice);
    WriteNotes(Need::kMust);
  }
  if (notices->empty()) return WriteNotes(Need::kMayWait);
  watch_.OnAllTold();
  WriteNotes(Need::kMust);
}

bool Notifier::Tell(const SweepNotice& notice) {
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
  if (!child.ok()) {
    spdlog::warn("--notify: {}", child.error().message);
    return true;
  }
  const SteadyTime limit = around_.clock.SteadyNow() + kNotifyLimit;
  auto status = (*child)->TryWait();
  while (!status && around_.clock.SteadyNow() < limit) {
    const bool goes_on = Wait(kEndLookInterval);
    status = (*child)->TryWait();
    if (!status && !goes_on) {
      (*child)->SignalGroup(SIGKILL);
      return false;
    }
  }
  if (!status) {
    (*child)->SignalGroup(SIGKILL);
    spdlog::warn("--notify: the command for {} of {} was ended: it may take {} s", notice.event,
                 notice.sweep, kNotifyLimit.count());
  } else if (!status->success()) {
    spdlog::warn("--notify: the command for {} of {} ended with {}", notice.event, notice.sweep,
                 Describe(*status));
  }
  return true;
}

}  // namespace tutti
