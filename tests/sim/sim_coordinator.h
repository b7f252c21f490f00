// The coordinator on one thread: the real core, group commit, SQLite store, lease builder and
// conversion, behind a simulated network and on a simulated disk.
//
// What is simulated is what needs threads and gRPC: it does with a stream what
// coordinator/rpc/worker_stream and session_hub do, in the same order.
#pragma once

#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "coordinator/blobs/blob_store.h"
#include "coordinator/core/core.h"
#include "coordinator/rpc/lease_builder.h"
#include "coordinator/rpc/manifest_cache.h"
#include "coordinator/store/reader_pool.h"
#include "coordinator/writer/group_commit.h"
#include "tests/sim/ledger.h"
#include "tests/sim/sim_network.h"
#include "tests/sim/timeline.h"
#include "tests/sim/trouble.h"
#include "tests/support/sim_database_disk.h"

namespace tutti {

inline constexpr std::chrono::milliseconds kSimLease{10'000};
inline constexpr std::chrono::milliseconds kSimHeartbeat{2'000};
inline constexpr std::size_t kSimTracksPerShard = 8;
inline constexpr std::size_t kSimJobsAtOnce = 1;  // of a submit

class SimCoordinator {
 public:
  struct Surroundings {
    Timeline& timeline;
    SimRandom& random;
    Story& story;
    Ledger& ledger;
    SimNetwork& network;
    SimDatabaseDisk& disk;
    BlobStore& manifests;            // has the datasets' manifests, and nothing else
    std::filesystem::path database;  // its folder is on a real disk, what is in it is not
    std::int32_t worker_lost_limit = 5;
  };
  using Told = std::function<void(const Status&)>;

  explicit SimCoordinator(const Surroundings& around);
  ~SimCoordinator();

  // False: the database cannot be opened now.
  bool Start();
  bool running() const { return process_ != nullptr; }
  void Kill();
  void LosePower();
  // It does nothing for so long, and then goes on.
  void Pause(std::chrono::milliseconds duration);

  // Not told when it is killed before. Requires running().
  void Submit(const SubmitSweep& submit, Told told);
  void Change(const std::string& sweep, const SweepChange& change, Told told);
  // Given to the core as it is, past all order that streams keep; nobody hears the answer. Not if
  // this attempt has ended or is lost by then.
  void ApplyPastOrder(const v1::WorkerFrame& frame, std::optional<AttemptKey> while_live = {});

  // Frames that came from workers, the newest last.
  const std::deque<v1::WorkerFrame>& recent_frames() const { return recent_frames_; }
  std::vector<WorkerStatus> Workers() const;
  Store& store() const;

  // ---- Blobs, as they are on its disk: written durably before an upload is answered.
  std::map<std::string, std::string> blobs;

 private:
  struct Process;
  struct Session;
  struct OpenSubmit;
  class WatchedStore;

  void End(const std::function<void(const std::function<void()>&)>& on_the_disk);
  void SubmitPart(const std::shared_ptr<OpenSubmit>& open);
  void Post(GroupCommit::Decide decide, GroupCommit::Done done);
  void PlanBatch(std::chrono::milliseconds delay);
  void RunBatch();
  void Tick();
  void LookAround();
  void EndWithoutStream(const WorkerId& worker, std::int64_t session);
  void Accept(const SimStreamPtr& stream, UpPipe::Arrival first);
  void OnArrival(const std::shared_ptr<Session>& session, UpPipe::Arrival arrival);
  void OnFrame(const std::shared_ptr<Session>& session, const v1::WorkerFrame& frame);
  void OnApplied(const std::shared_ptr<Session>& session, const Status& committed,
                 const Result<FrameOutcome>& outcome, bool first);
  void ReadNext(const std::shared_ptr<Session>& session);
  void Close(const std::shared_ptr<Session>& session, const Error& why);
  void Send(const WorkerId& worker, const v1::CoordinatorFrame& frame);
  void SendDrops(const std::vector<Drop>& drops);
  void OnGrants(const std::vector<Grant>& grants);
  void OnReset(const Error& why);
  void Deliver(const std::vector<Grant>& grants);

  Surroundings around_;
  std::unique_ptr<Process> process_;
  std::deque<v1::WorkerFrame> recent_frames_;
  SteadyTime paused_until_{};
};

}  // namespace tutti
