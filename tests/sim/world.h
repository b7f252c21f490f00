// A coordinator, its workers, the network between them, a client, and everything that can go wrong,
// all from one seed.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/manifest.h"
#include "coordinator/blobs/blob_store.h"
#include "tests/sim/ledger.h"
#include "tests/sim/sim_coordinator.h"
#include "tests/sim/sim_daemon.h"
#include "tests/sim/sim_network.h"
#include "tests/sim/trouble.h"
#include "tests/support/sim_database_disk.h"
#include "tests/support/sim_disk.h"

namespace tutti {

// What all worlds of a process share and none changes: the dataset's manifest, as a blob, and a
// folder for the database's name.
class SimGround {
 public:
  // `folder` is empty.
  explicit SimGround(const std::filesystem::path& folder);

  const Manifest& manifest() const { return manifest_; }
  const std::string& version() const { return version_; }
  const std::set<std::string>& undecodable() const { return undecodable_; }
  BlobStore& manifests() const { return *manifests_; }
  std::filesystem::path database() const { return folder_ / "tutti.db"; }

 private:
  std::filesystem::path folder_;
  PosixFileSystem files_;
  Manifest manifest_;
  std::string version_;
  std::set<std::string> undecodable_;
  std::unique_ptr<BlobStore> manifests_;
};

class World {
 public:
  // Odd seeds also hand the core frames that were repeated, left out and forged; every fourth has
  // the usual limits on attempts, so that jobs fail, the others none that bad luck reaches.
  World(SimGround& ground, std::uint64_t seed);
  ~World();

  // A time of faults, then a time without. False: then not every job had ended in time.
  bool Run();

  const Story& story() const { return story_; }
  const Ledger& ledger() const { return ledger_; }
  bool has_usual_limits() const { return usual_limits_; }

 private:
  struct Machine;
  class Transfers;

  void StartCoordinator();
  void StopCoordinator(bool with_power);
  void StartDaemon(Machine& machine);
  void StopDaemon(Machine& machine, std::chrono::milliseconds down);

  // ---- The client.
  void SubmitSweeps(std::int64_t seeds);
  void SubmitUntilTold(const SweepSpec& spec);
  void ChangeSomething();
  void MendSweeps();

  // ---- Faults.
  void Faults();
  void TroubleNetwork();
  void TroubleWorker();
  void TroubleCoordinator();
  void TroubleDisks();
  void SendPastOrder();
  std::optional<v1::WorkerFrame> FrameOfSomebody();
  void SendForged();
  void EndFaults();

  bool AllEnded() const;
  void CountDisks();

  SimGround& ground_;
  SimRandom random_;
  Timeline timeline_;
  Story story_{timeline_};
  const bool past_order_;
  Ledger ledger_;
  SimNetwork network_{timeline_, random_};
  SimDatabaseDisk database_disk_;
  const bool usual_limits_;
  SimRunnerFaults runner_faults_;
  bool faults_ = true;
  std::unique_ptr<SimCoordinator> coordinator_;
  std::vector<std::unique_ptr<Machine>> machines_;
  int submits_untold_ = 0;
  bool mended_ = false;
};

}  // namespace tutti
