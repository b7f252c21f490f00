// A worker daemon on one thread: the real agent, spool and folder on a simulated disk, with
// simulated runners, behind a simulated network.
//
// What is simulated is what needs threads, processes and gRPC: it carries actions out in the order
// of worker/daemon/worker_daemon and comes back as coordinator_link does.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "common/backoff.h"
#include "common/result.h"
#include "tests/sim/ledger.h"
#include "tests/sim/sim_executor.h"
#include "tests/sim/sim_network.h"
#include "tests/support/sim_disk.h"
#include "worker/daemon/agent.h"
#include "worker/daemon/disk_care.h"
#include "worker/daemon/resume_note.h"
#include "worker/daemon/spool.h"
#include "worker/daemon/worker_folder.h"

namespace tutti {

class SimDaemon final : private AttemptListener {
 public:
  struct Surroundings {
    Timeline& timeline;
    SimRandom& random;
    Story& story;
    Ledger& ledger;
    SimNetwork& network;
    SimDisk& disk;
    SimTransfers& transfers;
    const std::set<std::string>& undecodable;
    const SimRunnerFaults& runner_faults;
    std::string machine;
    int slots = 1;
    std::function<void()> on_drained;
  };

  // Error: the disk does not let it start.
  static Result<std::unique_ptr<SimDaemon>> Start(const Surroundings& around);
  // Destroying it is a kill: its runners die with it.
  ~SimDaemon() override;

  // Gives back what runs; on_drained follows, then it is to be destroyed.
  void Drain();
  // It does nothing for so long, and then goes on; its runners go on meanwhile.
  void Pause(std::chrono::milliseconds duration);

  const std::string& worker_id() const { return folder_.worker_id(); }

 private:
  SimDaemon(const Surroundings& around, WorkerFolder folder, std::unique_ptr<Spool> spool);

  void OnRunning(const AttemptId& id, const std::string& device) override;
  void OnProgress(const AttemptId& id, const v1::Progress& progress) override;
  void OnEpoch(const AttemptId& id, const v1::EpochPoint& epoch) override;
  void OnLogLine(const AttemptId& id, const std::string& line) override;
  void OnResumeFile(const AttemptId& id, const v1::ResumeFile& file) override;
  void OnHalted(const AttemptId& id) override;
  void OnUploading(const AttemptId& id) override;
  void OnFinished(const AttemptId& id, v1::Finished finished) override;
  void OnBroke(const AttemptId& id, v1::Broke broke) override;
  void OnHandedBack(const AttemptId& id, const std::string& reason) override;

  Instant Now() const;
  void Recover(const Spool::Recovered& recovered);
  void Connect();
  void Reconnect();
  void Read();
  void OnArrival(const DownPipe::Arrival& arrival);
  void SchedulePump();
  void Pump();
  void CarryOut(const Action& action);
  void ArmTimer();
  void CheckDrained();
  // Later, but not while it is paused.
  void After(std::chrono::milliseconds delay, std::function<void()> task);

  Surroundings around_;
  Life life_ = NewLife();
  WorkerFolder folder_;
  std::unique_ptr<Spool> spool_;
  Agent agent_;
  DiskCare disk_care_;
  SimExecutor executor_;
  SimRandomSource source_;
  Backoff backoff_;
  std::map<AttemptId, RunnerResume> leftovers_;
  std::optional<SteadyTime> accepted_at_;
  SimStreamPtr stream_;
  SteadyTime paused_until_{};
  bool pump_scheduled_ = false;
  std::uint64_t timer_ = 0;  // the newest; older ones do nothing
  std::optional<SteadyTime> drain_until_;
};

}  // namespace tutti
