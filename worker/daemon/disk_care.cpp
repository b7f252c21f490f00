#include "worker/daemon/disk_care.h"

#include <algorithm>
#include <utility>

#include <spdlog/spdlog.h>

namespace tutti {

std::optional<std::string> DiskFault(const v1::Broke& broke, bool is_command,
                                     const DiskCheck& check) {
  if (!is_command && broke.message().contains("No space left on device")) {
    return "the disk was full: " + broke.message();
  }
  const Status disk = check ? check() : Status();
  if (disk.ok()) return std::nullopt;
  return disk.error().message + " (" + broke.message() + ")";
}

DiskCare::DiskCare(Spool& spool, Agent& agent, DiskCheck check, Background background)
    : spool_(spool), agent_(agent), check_(std::move(check)), background_(std::move(background)) {}

void DiskCare::Store(const SpoolEvent& spool, SteadyTime now) {
  const AttemptId attempt = ToAttemptId(spool.event.attempt());
  if (kept_back_.contains(attempt)) return;  // written with the others
  const Durability durable =
      background_ ? Durability::kPowerLossOnceSynced : Durability::kPowerLoss;
  const Status stored = spool_.Append(spool.event, spool.final ? durable : Durability::kProcess);
  if (stored.ok() && spool.final && background_) unsynced_[attempt] = now + kSyncDelay;
  if (stored.ok()) return;
  // One attempt has said more than a spool file takes: this event travels from memory alone.
  if (stored.error().code == ErrorCode::kFailedPrecondition) {
    spdlog::error("spool: {}", stored.error().message);
    return;
  }
  agent_.OnNotSpooled(attempt, spool.event.sequence());
  KeepBack(attempt, stored.error(), now);
}

void DiskCare::SyncDue(SteadyTime now) {
  if (syncing_) return;
  std::vector<AttemptId> due;
  for (const auto& [attempt, when] : unsynced_) {
    if (when <= now) due.push_back(attempt);
  }
  if (due.empty()) return;
  syncing_ = true;
  background_(spool_.SyncOf(due),
              [this, due, now](const Status& synced) { OnSynced(due, synced, now); });
}

void DiskCare::OnSynced(const std::vector<AttemptId>& attempts, const Status& synced,
                        SteadyTime now) {
  syncing_ = false;
  for (const AttemptId& attempt : attempts) {
    if (unsynced_.erase(attempt) == 0 || synced.ok()) continue;  // forgotten meanwhile, or well
    KeepBack(attempt, synced.error(), now);
  }
}

void DiskCare::KeepBack(const AttemptId& attempt, const Error& why, SteadyTime now) {
  kept_back_.insert(attempt);
  BeginTrouble("spool: " + why.message, now);
}

void DiskCare::Forget(const AttemptId& attempt) {
  kept_back_.erase(attempt);
  unsynced_.erase(attempt);
  const auto tell = [](const Status& removed) {
    if (!removed.ok()) spdlog::error("spool: {}", removed.error().message);
  };
  auto rest = spool_.Forget(attempt);
  if (!rest) return;
  if (background_) return background_(std::move(rest), tell);
  tell(rest());
}

void DiskCare::OnHandedBack(const std::string& reason, SteadyTime now) {
  pause_ = std::min(pause_ * 2, kLongestDiskPause);
  BeginTrouble(reason, now);
}

void DiskCare::BeginTrouble(const std::string& why, SteadyTime now) {
  next_check_ = now + pause_;
  if (std::exchange(in_trouble_, true)) return;
  spdlog::error("no jobs are taken until the disk is well again: {}", why);
  agent_.OnDiskTrouble(why);
}

bool DiskCare::StoreKeptBack() {
  for (auto next = kept_back_.begin(); next != kept_back_.end();) {
    const Status stored = spool_.Rewrite(*next, agent_.EventsOf(*next));
    if (!stored.ok()) return false;
    agent_.OnSpooled(*next);
    next = kept_back_.erase(next);
  }
  return true;
}

void DiskCare::Tick(SteadyTime now) {
  SyncDue(now);
  if (now < next_check_) return;
  const bool all_stored = StoreKeptBack();
  const Status well = check_ ? check_() : Status();
  next_check_ = now + (in_trouble_ ? pause_ : kDiskCheckInterval);
  if (!well.ok()) return BeginTrouble(well.error().message, now);
  if (!all_stored || !std::exchange(in_trouble_, false)) return;
  spdlog::info("the disk is well again: jobs are taken");
  agent_.OnDiskWell();
}

std::optional<SteadyTime> DiskCare::NextDeadline() const {
  std::optional<SteadyTime> earliest;
  if (check_ || in_trouble_) earliest = next_check_;
  for (const auto& [attempt, when] : unsynced_) {
    if (!syncing_) earliest = std::min(earliest.value_or(when), when);
  }
  return earliest;
}

}  // namespace tutti
