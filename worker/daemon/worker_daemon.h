// One worker at work: carries the agent's actions out and feeds it with what happens.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "common/clock.h"
#include "common/file_system.h"
#include "common/random.h"
#include "common/result.h"
#include "tutti/v1/worker.grpc.pb.h"
#include "worker/daemon/agent.h"
#include "worker/daemon/blob_cache.h"
#include "worker/daemon/blob_transport.h"
#include "worker/daemon/coordinator_link.h"
#include "worker/daemon/disk_care.h"
#include "worker/daemon/event_loop.h"
#include "worker/daemon/executor.h"
#include "worker/daemon/io_pool.h"
#include "worker/daemon/machine_watch.h"
#include "worker/daemon/runner_pool.h"
#include "worker/daemon/spool.h"
#include "worker/daemon/worker_folder.h"

namespace tutti {

// A drain waits so long for the coordinator to take what was given back.
inline constexpr std::chrono::seconds kDrainLimit{30};
// A scheduler that takes the machine back tells all processes at once, runners too: where one ends
// by a SIGTERM, this daemon may be told to end just now, and then the job goes back and did not
// crash.
inline constexpr std::chrono::milliseconds kTermGrace{1'000};
inline constexpr std::size_t kMaxCachedBlobsTold = 1'000;

// Owned by the loop's thread; stops the loop when its work has ended.
class WorkerDaemon final : private AttemptListener, private CoordinatorLink::Listener {
 public:
  struct Options {
    v1::WorkerHello hello;
    std::optional<std::chrono::milliseconds> exit_when_idle;
    std::optional<UnixMillis> until;  // drains then; also when it is past already
    Executor::ResumeIntervals resume{};
  };
  // All outlive the daemon.
  struct Surroundings {
    EventLoop& loop;
    IoPool& pool;
    const Clock& clock;
    FileSystem& files;
    RandomSource& random;
    WorkerFolder& folder;
    Spool& spool;
    BlobCache& cache;
    BlobTransport& blobs;
    const DataRoots& data_roots;
    RunnerPool& runners;
    GpuShares& gpus;
    v1::WorkerService::StubInterface& stub;
    DiskCheck check_disk{};  // null: the disk is always well
  };

  // on_ready: once, when the first session was accepted.
  WorkerDaemon(const Surroundings& surroundings, const std::string& token, const Options& options,
               std::function<void()> on_ready);

  void Start();
  void OnMachineSample(const MachineSample& sample);
  // Takes no more leases, gives back what runs, and stops the loop when the coordinator knows.
  void Drain(const std::string& reason);

  // It has a session that the coordinator took.
  bool connected() const { return agent_.accepted(); }
  // Why the loop was stopped, if not by a drain.
  const std::optional<Error>& failure() const { return failure_; }

 private:
  // On the spool's thread.
  void RunInBackground(std::function<Status()> work, std::function<void(const Status&)> done);

  void OnRunning(const AttemptId& id, const std::string& device) override;
  void OnProgress(const AttemptId& id, const v1::Progress& progress) override;
  void OnEpoch(const AttemptId& id, const v1::EpochPoint& epoch) override;
  void OnResumeFile(const AttemptId& id, const v1::ResumeFile& file) override;
  void OnHalted(const AttemptId& id) override;
  void OnLogLine(const AttemptId& id, const std::string& line) override;
  void OnUploading(const AttemptId& id) override;
  void OnFinished(const AttemptId& id, v1::Finished finished) override;
  void OnBroke(const AttemptId& id, v1::Broke broke) override;
  void OnHandedBack(const AttemptId& id, const std::string& reason) override;
  void OnNoRoom(const AttemptId& id, const std::string& reason) override;

  void OnSessionOpened(std::int64_t session) override;
  void OnFrame(const v1::CoordinatorFrame& frame) override;
  void OnSessionClosed(const Error& why) override;
  void OnRefused(const Error& why) override;
  std::optional<v1::WorkerFrame> NextFrame() override;
  void OnFrameSent() override;

  Instant Now() const;
  // Soon, on the loop and outside of whoever reports: a runner or a session must not be ended from
  // within its own callback.
  void SchedulePump();
  void Pump();
  void CarryOut(const Action& action);
  void Recover();
  void ArmTimer();
  void GiveBackTerminated(const AttemptId& id);
  void CheckIdle();
  void CheckUntil();
  void CheckDrained();

  Surroundings around_;
  Options options_;
  std::function<void()> on_ready_;
  Agent agent_;
  DiskCare disk_;
  Executor executor_;
  CoordinatorLink link_;
  std::map<AttemptId, RunnerResume> leftovers_;  // of earlier daemons' attempts, to be saved
  std::map<AttemptId, v1::Broke> terminated_;    // by a SIGTERM, less than kTermGrace ago
  bool pump_scheduled_ = false;
  EventLoop::TimerId timer_ = 0;
  std::optional<SteadyTime> idle_since_;
  std::optional<SteadyTime> drain_until_;
  std::optional<Error> failure_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // for what is posted
  int in_background_ = 0;
  // Of its own: a result must not wait behind an upload. Ends before what its tasks look at.
  IoPool spool_thread_{1};
};

}  // namespace tutti
