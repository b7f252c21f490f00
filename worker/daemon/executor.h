// Does what leases ask for: fetches inputs, gives the job to a runner, uploads what it made.
#pragma once

#include <chrono>
#include <filesystem>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/backoff.h"
#include "common/clock.h"
#include "common/file_system.h"
#include "common/random.h"
#include "tutti/v1/worker.pb.h"
#include "worker/daemon/attempt_id.h"
#include "worker/daemon/blob_cache.h"
#include "worker/daemon/blob_transport.h"
#include "worker/daemon/data_roots.h"
#include "worker/daemon/disk_care.h"
#include "worker/daemon/event_loop.h"
#include "worker/daemon/gpu_queue.h"
#include "worker/daemon/io_pool.h"
#include "worker/daemon/job_folders.h"
#include "worker/daemon/machine_watch.h"
#include "worker/daemon/runner_event.h"
#include "worker/daemon/runner_pool.h"
#include "worker/daemon/slot_queue.h"

namespace tutti {

// What becomes of an attempt, told on the loop's thread. OnFinished or OnBroke comes once, last.
class AttemptListener {
 public:
  virtual ~AttemptListener() = default;
  virtual void OnRunning(const AttemptId& id, const std::string& device) = 0;
  virtual void OnProgress(const AttemptId& id, const v1::Progress& progress) = 0;
  virtual void OnEpoch(const AttemptId& id, const v1::EpochPoint& epoch) = 0;
  virtual void OnLogLine(const AttemptId& id, const std::string& line) = 0;
  virtual void OnResumeFile(const AttemptId& id, const v1::ResumeFile& file) = 0;
  // After Halt: nothing more comes of it.
  virtual void OnHalted(const AttemptId& id) = 0;
  virtual void OnUploading(const AttemptId& id) = 0;
  virtual void OnFinished(const AttemptId& id, v1::Finished finished) = 0;
  virtual void OnBroke(const AttemptId& id, v1::Broke broke) = 0;
  // In place of OnBroke, where this machine's disk is the reason.
  virtual void OnHandedBack(const AttemptId& id, const std::string& reason) = 0;
  // The same before it has run, where no slot or no GPU had room for too long.
  virtual void OnNoRoom(const AttemptId& id, const std::string& reason) {
    OnHandedBack(id, reason);
  }
};

// Owned by the loop's thread. Fetches and uploads run on the pool; while the coordinator cannot be
// reached they are tried again until the attempt is stopped.
class Executor {
 public:
  // How often a training writes what a later attempt can go on from, and how often that is
  // uploaded.
  struct ResumeIntervals {
    std::chrono::milliseconds write{60'000};
    std::chrono::milliseconds upload{600'000};
  };
  // All outlive the executor and every task of the pool.
  struct Surroundings {
    EventLoop& loop;
    IoPool& pool;
    const Clock& clock;
    FileSystem& files;
    RandomSource& random;
    BlobCache& cache;
    BlobTransport& blobs;
    const DataRoots& data_roots;
    RunnerPool& runners;
    GpuShares& gpus;
    AttemptListener& listener;
    ResumeIntervals resume{};
    DiskCheck check_disk{};                                       // null: it is always well
    std::size_t slots = std::numeric_limits<std::size_t>::max();  // runners at a time
    std::function<void()> on_slow = [] {};  // it is not worth any more to hold runs ahead
  };

  // jobs: folder in which each attempt gets its output folder.
  Executor(const Surroundings& surroundings, std::filesystem::path jobs);
  ~Executor();

  void Begin(const v1::Lease& lease);
  // Kills its runner; nothing is told about it any more. OK for one that has ended.
  void Stop(const AttemptId& id);
  // Kills its runner, uploads the newest resume file where there is one, then tells OnHalted; a
  // coordinator that cannot be reached is not waited for.
  void Halt(const AttemptId& id);
  // What an earlier daemon's attempt has left is uploaded, however long the coordinator is away;
  // then OnHalted.
  void Salvage(const AttemptId& id, const RunnerResume& leftover);
  // Removes its output folder, soon, or keeps it for another attempt.
  void Forget(const AttemptId& id);
  // Of all others; at the start.
  void ForgetAllBut(const std::vector<AttemptId>& kept) { folders_.RemoveAllBut(kept); }
  // What the machine is used to decides who gets a GPU.
  void OnMachineSample(const MachineSample& sample);
  // A further run would have to wait for room on a GPU.
  bool gpus_full() const { return gpus_.full(); }
  // Runs beyond the slots that it is worth holding now.
  std::size_t ahead() const { return slots_.ahead(); }

 private:
  class Run;

  Surroundings around_;
  JobFolders folders_;
  SlotQueue slots_;  // before the runs, whose places are in it
  GpuQueue gpus_;    // likewise
  std::map<AttemptId, std::shared_ptr<Run>> runs_;
};

}  // namespace tutti
