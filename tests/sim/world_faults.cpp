// What goes wrong in a world, and when.
#include <algorithm>
#include <utility>

#include "tests/sim/world.h"
#include "tests/sim/world_machine.h"

namespace tutti {
namespace {

constexpr std::chrono::milliseconds kFaultInterval{500};
// After it an end of a stream may take the other one for gone.
constexpr std::chrono::milliseconds kKeepalive{20'000};

}  // namespace

void World::Faults() {
  if (!faults_) return;
  timeline_.After(kFaultInterval, [this] { Faults(); });
  TroubleNetwork();
  TroubleWorker();
  TroubleCoordinator();
  TroubleDisks();
  if (past_order_ && Chance(random_, 0.1)) SendPastOrder();
  if (past_order_ && Chance(random_, 0.1)) SendForged();
  if (Chance(random_, 0.02)) ChangeSomething();
}

void World::TroubleNetwork() {
  Machine& machine = *machines_[Pick(random_, machines_.size())];
  if (Chance(random_, 0.05)) {
    story_.Tell(Trouble::kStreamCut, machine.name);
    network_.Cut(machine.name);
  }
  if (!Chance(random_, 0.03)) return;
  const std::size_t kind = Pick(random_, 3);
  constexpr Trouble kKinds[] = {Trouble::kPartitionUp, Trouble::kPartitionDown,
                                Trouble::kPartitionBoth};
  story_.Tell(kKinds[kind], machine.name);
  network_.Close(machine.name, kind != 1, kind != 0);
  const auto duration = Between(random_, 500, 40'000);
  if (duration > kKeepalive) {
    timeline_.After(kKeepalive, [this, &machine] {
      network_.GiveUp(machine.name, Chance(random_, 0.8), Chance(random_, 0.5));
    });
  }
  timeline_.After(duration, [this, &machine] { network_.Close(machine.name, false, false); });
}

void World::TroubleWorker() {
  Machine& machine = *machines_[Pick(random_, machines_.size())];
  if (!machine.daemon) return;
  if (Chance(random_, 0.01)) {
    story_.Tell(Trouble::kWorkerKilled, machine.name);
    return StopDaemon(machine, Between(random_, 100, 20'000));
  }
  if (Chance(random_, 0.006)) {
    story_.Tell(Trouble::kWorkerLostPower, machine.name);
    machine.disk.LosePower();
    return StopDaemon(machine, Between(random_, 1'000, 30'000));
  }
  if (Chance(random_, 0.003)) {
    story_.Tell(Trouble::kWorkerLostDisk, machine.name);
    machine.disk.Wipe();
    return StopDaemon(machine, Between(random_, 1'000, 30'000));
  }
  if (Chance(random_, 0.01)) {
    story_.Tell(Trouble::kWorkerPaused, machine.name);
    machine.daemon->Pause(Between(random_, 500, 30'000));
  }
  if (Chance(random_, 0.006)) {
    story_.Tell(Trouble::kWorkerDrained, machine.name);
    machine.daemon->Drain();
  }
}

void World::TroubleCoordinator() {
  if (!coordinator_->running()) return;
  if (Chance(random_, 0.008)) return StopCoordinator(false);
  if (Chance(random_, 0.008)) return StopCoordinator(true);
  if (Chance(random_, 0.008)) {
    story_.Tell(Trouble::kCoordinatorPaused);
    coordinator_->Pause(Between(random_, 500, 25'000));
  }
}

void World::TroubleDisks() {
  if (Chance(random_, 0.02)) {
    using enum SimDatabaseDisk::Fault;
    constexpr SimDatabaseDisk::Fault kFaults[] = {kFull, kShortWrite, kWriteError, kSyncError,
                                                  kReadOnly};
    database_disk_.Fail(kFaults[Pick(random_, std::size(kFaults))]);
    timeline_.After(Between(random_, 10, 5'000), [this] { database_disk_.Fail(kNone); });
  }
  if (Chance(random_, 0.03)) {
    Machine& machine = *machines_[Pick(random_, machines_.size())];
    using enum SimDisk::Fault;
    constexpr SimDisk::Fault kFaults[] = {kFull, kShortWrite, kSyncError};
    machine.disk.Fail(kFaults[Pick(random_, std::size(kFaults))]);
    timeline_.After(Between(random_, 10, 10'000), [&machine] { machine.disk.Fail(kNone); });
  }
}

// A frame that was on its way once, as a whole or with events missing: the order that a stream
// keeps is not what the core relies on.
void World::SendPastOrder() {
  if (!coordinator_->running() || coordinator_->recent_frames().empty()) return;
  const auto& recent = coordinator_->recent_frames();
  v1::WorkerFrame frame = recent[Pick(random_, recent.size())];
  if (frame.events_size() > 0 && Chance(random_, 0.5)) {
    const auto gone =
        static_cast<int>(Pick(random_, static_cast<std::size_t>(frame.events_size())));
    frame.mutable_events()->DeleteSubrange(gone, 1);
  }
  story_.Tell(Trouble::kRepeatedFrame, frame.worker_id());
  coordinator_->ApplyPastOrder(frame);
}

// The newest frame of a connected worker, without its events.
std::optional<v1::WorkerFrame> World::FrameOfSomebody() {
  const std::vector<WorkerStatus> workers = coordinator_->Workers();
  const auto& recent = coordinator_->recent_frames();
  const auto known = std::ranges::find_if(recent.rbegin(), recent.rend(), [&](const auto& frame) {
    return std::ranges::any_of(workers, [&](const WorkerStatus& worker) {
      return worker.connected && worker.id.value == frame.worker_id();
    });
  });
  if (known == recent.rend()) return std::nullopt;
  v1::WorkerFrame frame = *known;
  frame.clear_events();
  return frame;
}

// A worker speaks of an attempt that was granted to another, which must change nothing; or of its
// own, far ahead of what it has said before, which must be refused.
void World::SendForged() {
  if (!coordinator_->running()) return;
  std::optional<v1::WorkerFrame> frame = FrameOfSomebody();
  if (!frame) return;
  const bool foreign = Chance(random_, 0.5);
  for (const WorkerStatus& worker : coordinator_->Workers()) {
    if (worker.live.empty() || (worker.id.value == frame->worker_id()) == foreign) continue;
    const AttemptKey& key = worker.live[Pick(random_, worker.live.size())];
    v1::AttemptEvent& event = *frame->add_events();
    event.mutable_attempt()->set_job_id(key.job.value);
    event.mutable_attempt()->set_attempt(key.attempt);
    constexpr std::int64_t kFarAhead = 100'000;
    event.set_sequence(foreign ? 1 + static_cast<std::int64_t>(Pick(random_, 10)) : kFarAhead);
    if (!foreign) {
      event.mutable_progress()->set_done(1);
      return coordinator_->ApplyPastOrder(*frame, key);
    }
    (*event.mutable_finished()->mutable_metrics())["f1_macro"] = -1;
    *frame->add_held() = event.attempt();
    story_.Tell(Trouble::kForeignFrame, frame->worker_id());
    return coordinator_->ApplyPastOrder(*frame);
  }
}

// From here on everything works; what was broken is mended within seconds.
void World::EndFaults() {
  story_.Tell("no more faults");
  faults_ = false;
  runner_faults_ = {};
  database_disk_.Fail(SimDatabaseDisk::Fault::kNone);
  for (const auto& machine : machines_) {
    machine->disk.Fail(SimDisk::Fault::kNone);
    network_.Close(machine->name, false, false);
  }
  MendSweeps();
}

}  // namespace tutti
