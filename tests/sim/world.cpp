#include "tests/sim/world.h"

#include <algorithm>
#include <utility>

#include <gtest/gtest.h>

#include "common/check.h"
#include "common/hash.h"
#include "coordinator/blobs/blob_upload.h"
#include "tests/sim/world_machine.h"
#include "tests/support/core_harness.h"

namespace tutti {
namespace {

constexpr std::size_t kMachines = 3;
constexpr std::int32_t kNoLimit = 1'000'000;
constexpr std::chrono::minutes kLiveness{20};
constexpr std::chrono::milliseconds kTimeLimit{60'000};

Manifest SomeMusic() {
  Manifest manifest = MakeManifest(40, {"blues", "rock"});
  // The last shard repeats contents of the first.
  for (std::size_t i = 36; i < 40; ++i) {
    manifest.tracks[i].content_hash = manifest.tracks[i - 36].content_hash;
  }
  return manifest;
}

std::vector<std::int64_t> Numbers(std::int64_t count) {
  std::vector<std::int64_t> numbers;
  for (std::int64_t i = 1; i <= count; ++i) numbers.push_back(i);
  return numbers;
}

}  // namespace

SimGround::SimGround(const std::filesystem::path& folder)
    : folder_(folder), manifest_(SomeMusic()) {
  for (const std::size_t track : {1, 9, 10, 20}) {
    undecodable_.insert(manifest_.tracks[track].content_hash);
  }
  const std::string text = DumpManifest(manifest_);
  version_ = Sha256Hex(text);
  auto blobs = BlobStore::Open(files_, folder_ / "blobs");
  TUTTI_CHECK(blobs.ok(), "no folder for blobs");
  manifests_ = *std::move(blobs);
  auto upload = manifests_->BeginUpload(version_, static_cast<std::int64_t>(text.size()));
  TUTTI_CHECK(upload.ok() && (*upload)->Append(text).ok() && (*upload)->Commit().ok(),
              "the manifest cannot be stored");
}

World::World(SimGround& ground, std::uint64_t seed)
    : ground_(ground),
      random_(seed),
      past_order_(seed % 2 == 1),
      ledger_(story_, !past_order_),
      database_disk_(random_()),
      usual_limits_(seed % 4 == 2),
      runner_faults_{0.01, 0.003} {
  coordinator_ = std::make_unique<SimCoordinator>(SimCoordinator::Surroundings{
      timeline_, random_, story_, ledger_, network_, database_disk_, ground_.manifests(),
      ground_.database(), usual_limits_ ? CoreOptions{}.worker_lost_limit : kNoLimit});
  StartCoordinator();
  for (std::size_t i = 0; i < kMachines; ++i) {
    auto& machine = *machines_.emplace_back(std::make_unique<Machine>(
        random_, "machine-" + std::to_string(i), static_cast<int>(1 + i % 2)));
    machine.transfers = std::make_unique<Transfers>(*this, machine.name);
    StartDaemon(machine);
  }
}

// Daemons speak to the coordinator, and it to their streams.
World::~World() {
  machines_.clear();
  coordinator_.reset();
}

bool World::Run() {
  const auto faulty = Between(random_, 60'000, 240'000);
  constexpr std::int64_t kGrowths = 3;
  for (std::int64_t i = 0; i < kGrowths; ++i) {
    timeline_.After(faulty * i / kGrowths, [this, i] { SubmitSweeps(i + 1); });
  }
  Faults();
  const SteadyTime quiet_from = timeline_.Now() + faulty;
  while (timeline_.Now() < quiet_from && !testing::Test::HasFailure()) timeline_.RunNext();
  EndFaults();
  const SteadyTime end = timeline_.Now() + kLiveness;
  while (!AllEnded() && timeline_.Now() < end && !testing::Test::HasFailure()) timeline_.RunNext();
  CountDisks();
  if (testing::Test::HasFailure() || !AllEnded()) return false;
  ledger_.CheckStore(coordinator_->store());
  return true;
}

void World::StartCoordinator() {
  if (coordinator_->running()) return;
  if (coordinator_->Start()) return;
  timeline_.After(Between(random_, 500, 3'000), [this] { StartCoordinator(); });
}

void World::StopCoordinator(bool with_power) {
  story_.Tell(with_power ? Trouble::kCoordinatorLostPower : Trouble::kCoordinatorKilled);
  if (with_power) {
    coordinator_->LosePower();
  } else {
    coordinator_->Kill();
  }
  timeline_.After(Between(random_, 100, 15'000), [this] { StartCoordinator(); });
}

void World::StartDaemon(Machine& machine) {
  if (machine.daemon) return;
  auto daemon = SimDaemon::Start(
      {timeline_, random_, story_, ledger_, network_, machine.disk, *machine.transfers,
       ground_.undecodable(), runner_faults_, machine.name, machine.slots,
       [this, &machine] { StopDaemon(machine, Between(random_, 500, 10'000)); }});
  if (daemon.ok()) {
    machine.daemon = *std::move(daemon);
    return story_.Tell(machine.name + " started");
  }
  story_.Tell(Trouble::kSpoolWriteFailed, daemon.error().message);
  timeline_.After(Between(random_, 500, 3'000), [this, &machine] { StartDaemon(machine); });
}

void World::StopDaemon(Machine& machine, std::chrono::milliseconds down) {
  machine.daemon.reset();
  timeline_.After(down, [this, &machine] { StartDaemon(machine); });
}

// Two sweeps over the same shards, growing by seeds; each growth tries failed shards again.
void World::SubmitSweeps(std::int64_t seeds) {
  for (const std::string name : {"one", "two"}) {
    SweepSpec spec = MakeSweepSpec(name, {"cnn", "rnn"}, Numbers(seeds));
    spec.operational.max_attempts = usual_limits_ ? 3 : kNoLimit;
    spec.operational.priority = static_cast<std::int64_t>(Pick(random_, 3));
    spec.operational.time_limit_ms = kTimeLimit.count();
    ++submits_untold_;
    SubmitUntilTold(spec);
  }
}

// A client that hears nothing says it again: the same file changes nothing.
void World::SubmitUntilTold(const SweepSpec& spec) {
  const auto told = std::make_shared<bool>(false);
  if (coordinator_->running()) {
    coordinator_->Submit({spec, "name: " + spec.name + "\n", ground_.version(), ground_.manifest()},
                         [this, told](const Status& committed) {
                           if (!committed.ok() || std::exchange(*told, true)) return;
                           --submits_untold_;
                         });
  }
  timeline_.After(Between(random_, 1'000, 5'000), [this, told, spec] {
    if (!*told) SubmitUntilTold(spec);
  });
}

void World::ChangeSomething() {
  if (!coordinator_->running() || ledger_.sweeps().empty()) return;
  const std::string sweep = Chance(random_, 0.5) ? "one" : "two";
  const auto forget = [](const Status&) {};
  const auto between = [this](auto change, auto back) {
    return Chance(random_, 0.5) ? SweepChange(change) : SweepChange(back);
  };
  switch (Pick(random_, 3)) {
    case 0:
      return coordinator_->Change(sweep, between(PauseSweep{}, ResumeSweep{}), forget);
    case 1:
      return coordinator_->Change(sweep, between(CancelSweep{}, RetrySweep{}), forget);
    default:
      return coordinator_->Change(
          sweep, SetSweepPriority{static_cast<std::int64_t>(Pick(random_, 3))}, forget);
  }
}

// What people paused goes on; where bad luck has no limits, what was cancelled or failed too.
void World::MendSweeps() {
  if (!coordinator_->running()) {
    return timeline_.After(std::chrono::milliseconds(500), [this] { MendSweeps(); });
  }
  const auto sweeps = ledger_.sweeps();
  // They are in one batch, whose answers are all in when the last one hears its own.
  const auto refused = std::make_shared<bool>(false);  // a submit has not ended
  const auto note = [refused](const Status& status) { *refused = *refused || !status.ok(); };
  for (const auto& [name, id] : sweeps) {
    coordinator_->Change(name, ResumeSweep{}, note);
    if (usual_limits_) continue;
    coordinator_->Change(name, RetrySweep{}, note);
  }
  coordinator_->Change("none", ResumeSweep{}, [this, refused](const Status& committed) {
    if (committed.ok() && !*refused) {
      mended_ = true;
    } else {
      timeline_.After(std::chrono::milliseconds(500), [this] { MendSweeps(); });
    }
  });
}

// Ended and staying so: nothing is planned that would take a run up again.
bool World::AllEnded() const {
  if (submits_untold_ > 0 || !mended_) return false;
  return std::ranges::all_of(ledger_.jobs(), [](const auto& entry) {
    const JobPhase phase = entry.second.phase;
    return phase == JobPhase::kSucceeded || phase == JobPhase::kFailed ||
           phase == JobPhase::kCancelled;
  });
}

void World::CountDisks() {
  story_.Tell(Trouble::kDatabaseWriteFailed, "", database_disk_.failures());
  story_.Tell(Trouble::kDatabaseWriteLost, "", database_disk_.lost_writes());
  for (const auto& machine : machines_) {
    story_.Tell(Trouble::kSpoolWriteLost, machine->name, machine->disk.lost_writes());
  }
}

}  // namespace tutti
