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
  if (stored.ok() && spool.final && background_) {
    agent_.OnNotSpooled(attempt, spool.event.sequence());
    SyncSoon(attempt, now);
  }
  if (stored.ok()) return;
  // One attempt has said more than a spool file takes: this event travels from memory alone.
  if (stored.error().code == ErrorCode::kFailedPrecondition) {
    spdlog::error("spool: {}", stored.error().message);
    return;
  }
  agent_.OnNotSpooled(attempt, spool.event.sequence());
  KeepBack(attempt, stored.error(), now);
}

void DiskCare::SyncSoon(const AttemptId& attempt, SteadyTime now) {
  not_synced_.insert(attempt);
  to_sync_.push_back(attempt);
  if (std::exchange(syncing_, true)) return;
  SyncAll(now);
}

void DiskCare::SyncAll(SteadyTime now) {
  std::erase_if(to_sync_, [this](const AttemptId& id) { return !not_synced_.contains(id); });
  syncing_ = !to_sync_.empty();
  if (!syncing_) return;
  std::vector<AttemptId> attempts = std::exchange(to_sync_, {});
  background_(spool_.SyncOf(attempts),
              [this, attempts, now](const Status& synced) { OnSynced(attempts, synced, now); });
}

void DiskCare::OnSynced(const std::vector<AttemptId>& attempts, const Status& synced,
                        SteadyTime now) {
  for (const AttemptId& attempt : attempts) {
    if (not_synced_.erase(attempt) == 0) continue;  // forgotten meanwhile
    if (synced.ok()) {
      agent_.OnSpooled(attempt);
    } else {
      KeepBack(attempt, synced.error(), now);
    }
  }
  SyncAll(now);
}

void DiskCare::KeepBack(const AttemptId& attempt, const Error& why, SteadyTime now) {
  kept_back_.insert(attempt);
  BeginTrouble("spool: " + why.message, now);
}

void DiskCare::Forget(const AttemptId& attempt) {
  kept_back_.erase(attempt);
  not_synced_.erase(attempt);
  const auto tell = [](const Status& removed) {
    if (!removed.ok()) spdlog::error("spool: {}", removed.error().message);
  };
  if (background_) return background_(spool_.ForgetLater(attempt), tell);
  tell(spool_.Forget(attempt));
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
  if (!check_ && !in_trouble_) return std::nullopt;
  return next_check_;
}

}  // namespace tutti
